%% Turns of gen_servers that are on the disk: each writes its new state to a disk_log, which is synced before the answer;
%% or is a transaction of mnesia on disc_copies.
-module(durable).
-behaviour(gen_server).
-export([main/2, init/1, handle_call/3, handle_cast/2]).
-record(counter, {key, n}).

init({Way, Key}) -> {ok, {Way, Key, 0}}.
handle_call(n, _, {_, _, N} = State) -> {reply, N, State}.
handle_cast(up, {log, Key, N}) ->
    disk_log:alog(turns, {Key, up, N + 1}),
    {noreply, {log, Key, N + 1}};
handle_cast(up, {mnesia, Key, N}) ->
    {atomic, ok} = mnesia:transaction(fun() -> mnesia:write(#counter{key = Key, n = N + 1}) end),
    {noreply, {mnesia, Key, N + 1}}.

main(Count, N) ->
    {ok, turns} = disk_log:open([{name, turns}, {file, "turns.log"}]),
    rate("disk_log", log, Count, N, fun() -> disk_log:sync(turns) end),
    disk_log:close(turns),
    Count =:= 1 andalso begin
        application:set_env(mnesia, dir, "mnesia"),
        mnesia:create_schema([node()]),
        mnesia:start(),
        {atomic, ok} = mnesia:create_table(counter, [{disc_copies, [node()]}, {attributes, record_info(fields, counter)}]),
        rate("mnesia", mnesia, Count, N div 6, fun() -> mnesia:sync_log() end)
    end.

rate(Name, Way, Count, N, Sync) ->
    All = [begin {ok, P} = gen_server:start(?MODULE, {Way, K}, []), P end || K <- lists:seq(1, Count)],
    Workers = list_to_tuple(All),
    drive(Workers, All, N div 6),
    {Took, _} = timer:tc(fun() -> drive(Workers, All, N), Sync() end),
    io:format("~s_~b ~f~n", [Name, Count, N * 1000000 / Took]).

drive(Workers, All, N) ->
    Each = max(tuple_size(Workers), 500),
    lists:foreach(fun(I) ->
        Worker = element(I rem tuple_size(Workers) + 1, Workers),
        gen_server:cast(Worker, up),
        I rem Each =:= 0 andalso gen_server:call(Worker, n, infinity)
    end, lists:seq(1, N)),
    [gen_server:call(Worker, n, infinity) || Worker <- All].
