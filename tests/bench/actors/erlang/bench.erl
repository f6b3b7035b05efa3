%% The twins of the programs in ../indent. Each function prints lines "name value unit".
-module(bench).
-export([main/1]).

say(Name, Value, Unit) -> io:format("~s ~p ~s~n", [Name, Value, Unit]).
time(F) -> T = erlang:monotonic_time(nanosecond), F(), erlang:monotonic_time(nanosecond) - T.
resident() ->
    {ok, Text} = file:read_file("/proc/self/status"),
    number("VmRSS", Text).
number(Key, Text) ->
    [Line] = [L || L <- string:split(Text, "\n", all), string:prefix(L, Key) =/= nomatch],
    list_to_integer(lists:nth(2, string:lexemes(binary_to_list(Line), " \t"))).
start(A) -> {ok, P} = gen_server:start(cell, A, []), P.
loop(0, _) -> ok;
loop(N, F) -> F(), loop(N - 1, F).

codes() ->
    {ok, One} = file:read_file("v1/cell.beam"), {ok, Two} = file:read_file("v2/cell.beam"),
    {One, Two}.
upgrade(Ps, I, Codes) ->
    code:purge(cell),
    [ok = sys:suspend(P) || P <- Ps],
    {module, cell} = code:load_binary(cell, "x", element(2 - (I + 1) rem 2, Codes)),
    [ok = sys:change_code(P, cell, I, []) || P <- Ps],
    [ok = sys:resume(P) || P <- Ps].
middle(Times) -> lists:nth(length(Times) div 2 + 1, lists:sort(Times)).
%% Asks without pause until it is told to stop, and keeps how long each took.
asker(P) ->
    Me = self(),
    Ask = fun() -> T = erlang:monotonic_time(nanosecond), gen_server:call(P, sync, infinity), erlang:monotonic_time(nanosecond) - T end,
    spawn(fun() ->
        Loop = fun Go(Times) -> receive stop -> Me ! {times, Times} after 0 -> Go([Ask() || _ <- lists:seq(1, 200)] ++ Times) end end,
        Loop([]) end).
times_of(Asker, Name) ->
    Asker ! stop,
    Times = receive {times, Ts} -> lists:sort(Ts) end,
    Size = length(Times),
    say(Name ++ "_p50", lists:nth(Size div 2 + 1, Times), "ns"),
    say(Name ++ "_p999", lists:nth(Size * 999 div 1000 + 1, Times) / 1.0e3, "us"),
    say(Name ++ "_max", lists:last(Times) / 1.0e6, "ms").

main(["pair"]) ->
    P = start(1), loop(10000, fun() -> gen_server:call(P, sync) end),
    N = 300000,
    say("ask_pair", time(fun() -> loop(N, fun() -> gen_server:call(P, sync) end) end) / N, "ns");
main(["pairs"]) ->
    N = 300, Me = self(),
    Askers = [begin P = start(1), spawn(fun() -> receive go -> ok end, loop(N, fun() -> gen_server:call(P, sync) end), Me ! done end) end || _ <- lists:seq(1, 1000)],
    say("ask_1000_pairs", time(fun() -> [A ! go || A <- Askers], [receive done -> ok end || _ <- Askers] end) / (N * 1000), "ns");
main(["spawn"]) ->
    N = 200000,
    say("spawn", time(fun() -> loop(200, fun() -> Ps = [start(I) || I <- lists:seq(1, N div 200)], gen_server:call(hd(Ps), get) end) end) / N, "ns");
main(["idle"]) ->
    N = 200000, Before = resident(),
    Ps = [start(I) || I <- lists:seq(1, N)],
    gen_server:call(hd(Ps), get),
    say("idle", (resident() - Before) * 1024 / length(Ps), "bytes");
main(["ring"]) ->
    Me = self(), Hops = 1000000,
    Node = fun Loop(Next) -> receive {hop, 0} -> Me ! done, Loop(Next); {hop, K} -> Next ! {hop, K - 1}, Loop(Next); {next, P} -> Loop(P) end end,
    Last = spawn(fun() -> Node(none) end),
    First = lists:foldl(fun(_, Next) -> spawn(fun() -> Node(Next) end) end, Last, lists:seq(1, 999)),
    Last ! {next, First},
    say("ring", time(fun() -> First ! {hop, Hops}, receive done -> ok end end) / Hops, "ns");
main(["fan_in"]) ->
    Sink = start(0), Me = self(),
    T = time(fun() ->
        [spawn(fun() -> loop(8, fun() -> loop(500, fun() -> gen_server:cast(Sink, inc) end), gen_server:call(Sink, get, infinity) end), Me ! done end) || _ <- lists:seq(1, 100)],
        [receive done -> ok end || _ <- lists:seq(1, 100)] end),
    say("fan_in", T / gen_server:call(Sink, get), "ns");
main(["all"]) ->
    Ps = [start(0) || _ <- lists:seq(1, 100000)],
    say("cast_call_100k", time(fun() -> [gen_server:cast(P, inc) || P <- Ps], [gen_server:call(P, get, infinity) || P <- Ps] end) / 1.0e6, "ms");
%% As a release upgrade does it: all are suspended, the code is loaded, each state is changed, all go on. Each call is
%% answered, so all of them have the new state when it is over.
main(["reload", Text, Often]) ->
    N = list_to_integer(Text),
    Codes = codes(),
    {module, cell} = code:load_binary(cell, "v1", element(1, Codes)),
    put(ps, []),
    T0 = time(fun() -> put(ps, [start(I) || I <- lists:seq(1, N)]) end),
    Ps = get(ps),
    Cast = fun() -> [gen_server:cast(P, inc) || P <- Ps], [gen_server:call(P, get, infinity) || P <- Ps] end,
    say("begin_" ++ Text, T0 / 1.0e6, "ms"),
    say("message_" ++ Text, time(Cast) / 1.0e6, "ms"),
    Times = [begin
        Whole = time(fun() -> upgrade(Ps, I, Codes) end) / 1.0e6,
        {Whole, time(Cast) / 1.0e6} end || I <- lists:seq(1, list_to_integer(Often))],
    say("reload_" ++ Text, middle([W || {W, _} <- Times]), "ms"),
    say("held_" ++ Text, middle([W || {W, _} <- Times]), "ms"),
    say("message_and_migrate_" ++ Text, middle([A || {_, A} <- Times]), "ms"),
    say("through_" ++ Text, middle([W + A || {W, A} <- Times]), "ms"),
    say("soft_purge_" ++ Text, time(fun() -> true = code:soft_purge(cell) end) / 1.0e6, "ms"),
    {ok, Status} = file:read_file("/proc/self/status"),
    say("peak_" ++ Text, number("VmHWM", Status) div 1024, "MB");
main(["moving"]) ->
    Codes = codes(),
    {module, cell} = code:load_binary(cell, "v1", element(1, Codes)),
    Ps = [start(I) || I <- lists:seq(1, 100000)],
    {ok, Echo} = gen_server:start(echo, [], []),
    Asker = asker(Echo),
    upgrade(Ps, 1, Codes),
    times_of(Asker, "moving");
main(["reloading"]) ->
    {ok, One} = file:read_file("v1/cell.beam"), {ok, Two} = file:read_file("v2/cell.beam"),
    P = start(1),
    Asker = asker(P),
    Until = erlang:monotonic_time(millisecond) + 2000,
    Reload = fun Go(N) -> case erlang:monotonic_time(millisecond) < Until of
        true ->
            code:purge(cell),
            {module, cell} = code:load_binary(cell, "x", case N rem 2 of 0 -> One; 1 -> Two end),
            gen_server:call(P, sync), % it enters the new code, so that the next purge finds it there
            Go(N + 1);
        false -> N end end,
    N = Reload(0),
    times_of(Asker, "reloading"),
    say("reloading_each", 2.0e6 / N, "us");
main(["live"]) -> ok; % there is nothing like it
main(["lookup"]) ->
    T = ets:new(t, [set, public, {read_concurrency, true}]), N = 500000,
    ets:insert(T, {a, {b, 1}}),
    Big = maps:from_list([{I, I} || I <- lists:seq(1, 1000)]),
    ets:insert(T, {big, Big}), persistent_term:put(big, Big), register(reader, self()),
    say("atom", time(fun() -> loop(N, fun() -> ets:lookup(T, a) end) end) / N, "ns"),
    say("atom_map_1000", time(fun() -> loop(N, fun() -> persistent_term:get(big) end) end) / N, "ns"),
    say("ets_map_1000", time(fun() -> loop(2000, fun() -> ets:lookup(T, big) end) end) / 2000, "ns"),
    say("name", time(fun() -> loop(N, fun() -> whereis(reader) end) end) / N, "ns");
main(["busy"]) ->
    Me = self(),
    Work = fun Loop(S, I) when I > 20000 -> S; Loop(S, I) -> Loop((S * 31 + I) rem 1000003, I + 1) end,
    Ps = [spawn(fun() -> receive go -> Me ! {done, Work(0, 1)} end end) || _ <- lists:seq(1, 1000)],
    say("busy", time(fun() -> [P ! go || P <- Ps], [receive {done, _} -> ok end || _ <- Ps] end) / 1.0e6, "ms").
