#!/usr/bin/env ruby
# frozen_string_literal: true

require 'webrick'
require 'cargo'

# Each path of the server loads what it needs when it is first asked for.
server = WEBrick::HTTPServer.new(Port: 8000, AccessLog: [], Logger: WEBrick::Log.new(File::NULL))
server.mount_proc('/') do |request, response|
  name = request.path.delete_prefix('/')
  response.body = "#{Cargo.report(name)}\n"
  response.content_type = 'text/plain; charset=utf-8'
end
%w[INT TERM].each { |signal| trap(signal) { server.shutdown } }
server.start
