%% A server with three small fields; VERSION says which generation this is.
-module(cell).
-behaviour(gen_server).
-export([init/1, handle_call/3, handle_cast/2, handle_info/2, code_change/3]).
-ifndef(VERSION).
-define(VERSION, 1).
-endif.
-vsn(?VERSION).
init(A) -> {ok, {cell, A, 2, 3}}.
handle_call(get, _From, S) -> {reply, element(2, S), S};
handle_call(sync, _From, S) -> {reply, ok, S}.
handle_cast(inc, S) -> {noreply, setelement(2, S, element(2, S) + 1)}.
handle_info(_, S) -> {noreply, S}.
code_change(_Old, S, _) -> {ok, list_to_tuple([cell, element(2, S), element(3, S), ?VERSION])}.
