%% The same traces as in indent/, as an Erlang programmer would meet them: each function prints what can be observed.
%% `traces:main([Name, ...])` prints a line "Name: ..." for each.
-module(traces).
-export([main/1, init/1, handle_call/3, handle_cast/2, code_change/3]).
-behaviour(gen_server).

main(Names) ->
    error_logger:tty(false),
    logger:set_primary_config(level, none),
    lists:foreach(
        fun(Name) ->
            {Pid, Ref} = spawn_monitor(fun() ->
                exit({observed, lists:join(" / ", [text(X) || X <- trace(list_to_atom(Name))])})
            end),
            receive
                {'DOWN', Ref, process, Pid, {observed, Text}} -> io:format("~s: ~s~n", [Name, Text]);
                {'DOWN', Ref, process, Pid, Why} -> io:format("~s: FAILED ~p~n", [Name, Why])
            after 600000 -> io:format("~s: FAILED, no end~n", [Name])
            end
        end,
        Names).

text(X) when is_list(X), X =/= [], is_integer(hd(X)), hd(X) >= 32 -> X;
text(X) -> io_lib:format("~w", [X]).

%% ---- modules from texts

compile(Text) ->
    {ok, Tokens, _} = erl_scan:string(Text),
    Forms = forms(Tokens, [], []),
    case [bad || error <- Forms] of
        [] -> compile:forms(Forms, [binary]);
        _ -> error
    end.

forms([], _, Done) -> lists:reverse(Done);
forms([{dot, _} = Dot | Rest], Sofar, Done) ->
    case erl_parse:parse_form(lists:reverse([Dot | Sofar])) of
        {ok, Form} -> forms(Rest, [], [Form | Done]);
        {error, _} -> forms(Rest, [], [error | Done])
    end;
forms([Token | Rest], Sofar, Done) -> forms(Rest, [Token | Sofar], Done).

%% As the shell's l(Module): old code is purged first, and whoever runs it is killed.
load(Text) ->
    case compile(Text) of
        {ok, Module, Binary} ->
            code:purge(Module),
            code:load_binary(Module, atom_to_list(Module), Binary);
        _ -> error
    end.

say(Format, Values) -> lists:flatten(io_lib:format(Format, Values)).
alive(Pid) -> case is_process_alive(Pid) of true -> "alive"; false -> "dead" end.
%% Nothing here depends on how long something takes: what must not run out is far away, what goes on waits to be told.
-define(LONG, 120000).
answer(Tag) -> receive {Tag, X} -> X after ?LONG -> none end.
go(Pid) -> Pid ! go.
%% Of one that is to end.
ends(Pid) ->
    Ref = monitor(process, Pid),
    receive {'DOWN', Ref, process, Pid, _} -> "dead" after ?LONG -> "alive" end.
asking(Tag, Call) -> Me = self(), spawn(fun() -> Me ! {Tag, catch Call()} end).

%% ---- a gen_server whose behaviour is a map of funs, for cases where state alone matters
init(State) -> {ok, State}.
handle_call({call, F}, _, State) -> {Answer, Next} = F(State), {reply, Answer, Next};
handle_call(state, _, State) -> {reply, State, State}.
handle_cast(_, State) -> {noreply, State}.
code_change(_, State, Change) -> Change(State).

upgrade(Pid, Change) -> upgrade(Pid, Change, ?LONG).
upgrade(Pid, Change, Patience) ->
    sys:suspend(Pid, ?LONG),
    Result = (catch sys:change_code(Pid, ?MODULE, 1, Change, Patience)),
    catch sys:resume(Pid, Patience),
    Result.

%% ---- the traces

dish(N) ->
    say("-module(kitchen). -export([dish/0, long/1, kept/0]). dish() -> ~w. "
        "long(Who) -> A = dish(), Who ! {there, self()}, receive go -> ok end, [A, dish(), kitchen:dish()]. kept() -> E = self(), fun() -> element(1, {dish(), E}) end.", [N]).

trace(old_turn_calls) ->
    load(dish(1)),
    Me = self(),
    asking(got, fun() -> kitchen:long(Me) end),
    P = answer(there),
    load(dish(2)),
    go(P),
    [answer(got)];
trace(reference_by_name) ->
    load(dish(1)),
    F = fun kitchen:dish/0,
    A = F(),
    load(dish(2)),
    [A, F()];
trace(third_version) ->
    load(dish(1)),
    Me = self(),
    Pid = spawn(fun() -> kitchen:long(Me) end),
    answer(there),
    load(dish(2)),
    load(dish(3)),
    ["taken", ends(Pid)];
trace(migration_fails_at_500) ->
    All = [begin {ok, P} = gen_server:start(?MODULE, {account, N}, []), P end || N <- lists:seq(1, 1000)],
    Change = fun({account, 500}) -> error(cursed); ({account, N}) -> {ok, {account, N, new}} end,
    %% As release_handler does it: one after the other, and the first failure ends it.
    lists:takewhile(fun(P) -> upgrade(P, Change) =:= ok end, All),
    New = length([P || P <- All, is_process_alive(P), tuple_size(gen_server:call(P, state)) =:= 3]),
    [say("~w old, ~w new", [1000 - New, New])];
trace(migrator_loops) ->
    {ok, P} = gen_server:start(?MODULE, old, []),
    R = upgrade(P, fun(_) -> timer:sleep(infinity) end, 300),
    [case R of {'EXIT', {timeout, _}} -> "the upgrade times out"; _ -> R end,
     case catch gen_server:call(P, state, 100) of {'EXIT', {timeout, _}} -> "the process hangs"; S -> S end];
trace(migrator_sends) ->
    Me = self(),
    {ok, P} = gen_server:start(?MODULE, old, []),
    R = upgrade(P, fun(S) -> Me ! {sent, "sent"}, {ok, S} end),
    [R, answer(sent)];
trace(migrator_wrong_shape) ->
    {ok, P} = gen_server:start(?MODULE, {old, 1}, []),
    R = upgrade(P, fun(_) -> {ok, {other, 1, 2}} end),
    Use = (catch gen_server:call(P, {call, fun({old, N} = S) -> {N, S} end})),
    [R, case Use of {'EXIT', _} -> "the next call crashes it"; _ -> Use end, ends(P)];
trace(syntax_error_in_second) ->
    Text = fun(M, N, More) -> say("-module(~w). -export([version/0]). version() -> ~w. ~s", [M, N, More]) end,
    [load(Text(M, 1, "")) || M <- [one, two, three]],
    R = [case load(T) of error -> error; _ -> ok end
         || T <- [Text(one, 2, ""), Text(two, 2, "broken() -> (."), Text(three, 2, "")]],
    [R, [one:version(), two:version(), three:version()]];
trace(cycle_of_signatures) ->
    Text = fun
        (M, O, 1) -> say("-module(~w). -export([give/1, both/0]). give(_) -> 1. both() -> [1, ~w:give(0)].", [M, O]);
        (M, O, 2) -> say("-module(~w). -export([give/2, both/0]). give(_, _) -> 2. both() -> [2, ~w:give(0, 0)].", [M, O])
    end,
    load(Text(left, right, 1)),
    load(Text(right, left, 1)),
    Look = fun() -> case catch left:both() of {'EXIT', {undef, _}} -> undef; X -> X end end,
    A = Look(),
    load(Text(left, right, 2)),
    B = Look(),
    load(Text(right, left, 2)),
    [A, B, Look()];
trace(ask_chain) ->
    Text = fun(N) -> say("-module(chain). -export([version/0, loop/1]). version() -> ~w. "
        "loop(F) -> receive {go, From} -> From ! {answer, F()}; stop -> ok end, chain:loop(F).", [N]) end,
    load(Text(1)),
    Ask = fun(P) -> P ! {go, self()}, receive {answer, X} -> X end end,
    Me = self(),
    C = spawn(fun() -> chain:loop(fun() -> [chain:version()] end) end),
    B = spawn(fun() -> chain:loop(fun() -> Me ! {there, self()}, receive go -> ok end, [chain:version() | Ask(C)] end) end),
    asking(got, fun() -> [chain:version() | Ask(B)] end),
    answer(there),
    load(Text(2)),
    go(B),
    [answer(got)];
trace(queued_messages) ->
    load("-module(post). -export([loop/1]). loop(L) -> receive sleepy -> receive go -> post:loop(L) end; {put, I} -> "
         "post:loop([I | L]); {got, F} -> F ! {got, lists:reverse(L)} end."),
    P = spawn(fun() -> post:loop([]) end),
    P ! sleepy,
    [P ! {put, I} || I <- lists:seq(1, 10000)],
    load("-module(post). -export([loop/1]). loop(L) -> receive {put, I} -> post:loop([I | L]); "
         "{got, F} -> F ! {got, lists:reverse(L)} end."),
    go(P),
    P ! {got, self()},
    Got = answer(got),
    [length(Got), Got =:= lists:seq(1, 10000)];
trace(timer) ->
    Text = fun(N) -> say("-module(clock). -export([loop/1]). version() -> ~w. "
        "loop(F) -> receive tick -> F ! {ticked, version()}; new -> clock:loop(F) end.", [N]) end,
    Me = self(),
    %% Until the new code was there before that time, however slow the machine is.
    Try = fun Try(Ms) ->
        load(Text(1)),
        P = spawn(fun() -> clock:loop(Me) end),
        Timer = erlang:send_after(Ms, P, tick),
        load(Text(2)),
        P ! new,
        In_time = is_integer(erlang:read_timer(Timer)),
        Ticked = answer(ticked),
        if In_time -> Ticked; true -> Try(4 * Ms) end
    end,
    [Try(100)];
trace(field_renamed) ->
    Text = fun(F) -> say("-module(people). -export([new/0, get/1]). -record(person, {~s}). new() -> #person{~s = ada}. "
        "get(P) -> P#person.~s.", [F, F, F]) end,
    load(Text("name")),
    P = people:new(),
    load(Text("title")),
    ["taken", people:get(P)];
trace(class_removed) ->
    load("-module(shop). -export([shown/1]). shown({book, T}) -> T."),
    Book = {book, emma},
    A = shop:shown(Book),
    code:purge(shop), code:delete(shop),
    B = (catch shop:shown(Book)),
    load("-module(shop). -export([shown/1]). shown({book, T}) -> T."),
    [A, "taken", case B of {'EXIT', {undef, _}} -> undef; _ -> B end, shop:shown(Book)];
trace(block_in_state) ->
    load(dish(1)),
    Holder = fun H(F) -> receive {go, From} -> From ! {fee, F()}, H(F) end end,
    P = spawn(fun() -> Holder(kitchen:kept()) end),
    P ! {go, self()},
    answer(fee),
    load(dish(2)),
    P ! {go, self()},
    Fee = answer(fee),
    Soft = case code:soft_purge(kitchen) of true -> "purged"; false -> "held" end,
    P ! {go, self()},
    [Fee, Soft, ends(P)];
trace(block_in_atom) ->
    load(dish(1)),
    T = ets:new(kept, [public]),
    asking(put, fun() -> ets:insert(T, {kept, kitchen:kept()}) end),
    answer(put),
    load(dish(2)),
    Call = fun() -> [{_, F}] = ets:lookup(T, kept), F() end,
    %% In a process of its own: who has looked at it holds it.
    asking(before, Call),
    Before = answer(before),
    asking(soft, fun() -> code:soft_purge(kitchen) end),
    Soft = case answer(soft) of true -> "purged"; false -> "held" end,
    asking(later, Call),
    [Before, Soft, case answer(later) of {'EXIT', {undef, _}} -> undef; {'EXIT', {{badfun, _}, _}} -> badfun;
                       {'EXIT', _} -> "an error"; X -> X end];
trace(block_in_mailbox) ->
    load(dish(1)),
    Me = self(),
    P = spawn(fun() -> receive go -> ok end, receive {take, F} -> Me ! {fee, F()} end end),
    spawn(fun() -> P ! {take, kitchen:kept()}, Me ! {sent, self()} end),
    ends(answer(sent)), %% who has made it holds it
    load(dish(2)),
    Soft = case code:soft_purge(kitchen) of true -> "purged"; false -> "held" end,
    go(P),
    [Soft, ends(P)];
trace(old_record) ->
    Text = fun(F, P) -> say("-module(shapes). -export([new/0, look/1]). -record(point, {~s}). new() -> #point{x = 1, y = 2}. "
        "look(#point{~s}) -> X; look(_) -> \"no match\".", [F, P]) end,
    load(Text("x, y", "x = X")),
    P = shapes:new(),
    A = shapes:look(P),
    load(Text("x, y, z = 0", "x = X")),
    [A, shapes:look(P)];
trace(hook_fails) ->
    load("-module(clerk). -export([version/0]). version() -> 1."),
    R = load("-module(clerk). -export([version/0]). -on_load(start/0). start() -> error(no). version() -> 2."),
    [case R of {error, on_load_failure} -> "refused"; _ -> R end, clerk:version()];
trace(effect_asks_held) ->
    {ok, P} = gen_server:start({local, clerk_server}, ?MODULE, old, []),
    sys:suspend(P),
    load("-module(clerk). -export([version/0]). version() -> 1."),
    {Time, R} = timer:tc(fun() ->
        load("-module(clerk). -export([version/0]). -on_load(start/0). start() -> gen_server:call(clerk_server, state, 300), ok. "
             "version() -> 2.") end),
    sys:resume(P),
    [case R of {error, on_load_failure} when Time >= 300000 -> "refused when the call's patience ends"; _ -> R end, clerk:version()];
trace(endless_turn) ->
    load(dish(1)),
    Me = self(),
    P = spawn(fun() -> kitchen:long(Me) end),
    answer(there),
    load(dish(2)),
    [say("taken, code ~w", [kitchen:dish()]), alive(P)];
trace(mailbox_flooded) ->
    P = spawn(fun() -> timer:sleep(infinity) end),
    [P ! put || _ <- lists:seq(1, 150000)],
    {_, N} = process_info(P, message_queue_len),
    exit(P, kill),
    [N];
trace(identical_text) ->
    Me = self(),
    register(trace_same, Me),
    Text = "-module(same). -on_load(start/0). start() -> trace_same ! {effect, effects}, ok.",
    load(Text),
    load(Text),
    unregister(trace_same),
    [answer(effect), answer(effect)].

