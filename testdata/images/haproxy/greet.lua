-- Answers with what it was asked.
core.register_service("greet", "http", function(applet)
    local answer = "ahoy from " .. applet.method .. "\n"
    applet:set_status(200)
    applet:add_header("content-length", string.len(answer))
    applet:start_response()
    applet:send(answer)
end)
