%% Answers, and is never reloaded.
-module(echo).
-behaviour(gen_server).
-export([init/1, handle_call/3, handle_cast/2]).
init(_) -> {ok, none}.
handle_call(sync, _From, S) -> {reply, ok, S}.
handle_cast(_, S) -> {noreply, S}.
