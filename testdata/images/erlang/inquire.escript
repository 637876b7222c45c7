#!/usr/bin/env escript
%% Uses what is loaded late: cryptography, TLS, names, time, and a program that a shell starts.
main(_) ->
    {ok, _} = application:ensure_all_started(ssl),
    {ok, _} = application:ensure_all_started(inets),
    io:format("~s~n", [binary:encode_hex(crypto:hash(sha256, <<"harbour">>))]),
    io:format("~p~n", [inet:getaddr("localhost", inet)]),
    io:format("~p~n", [length(ssl:cipher_suites(all, 'tlsv1.3')) > 2]),
    io:format("~s~n", [calendar:system_time_to_rfc3339(0, [{offset, "Z"}])]),
    io:format("~s", [os:cmd("printf 'b\\na\\n' | sort")]),
    {ok, Listener} = gen_tcp:listen(0, [{active, false}]),
    {ok, Port} = inet:port(Listener),
    {ok, Socket} = gen_tcp:connect("localhost", Port, []),
    io:format("~p~n", [gen_tcp:send(Socket, "ahoy")]),
    io:format("~w~n", [string:uppercase("grüße")]).
