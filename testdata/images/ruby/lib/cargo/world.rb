# frozen_string_literal: true

module Cargo
  # What the system knows.
  module World
    def self.all
      [letters, zone, people, names, commands].join("\n")
    end

    # Converters are extensions of their own, found by the names of both sets.
    def self.letters
      sjis = "\x91\x44".dup.force_encoding('Shift_JIS').encode('UTF-8')
      [sjis, 'Grüße'.encode('ISO-8859-15').bytes.length, 'Ä'.unicode_normalize(:nfd).length, 'ß'.upcase, 'ж'.encode('KOI8-R').bytes.first].join(' ')
    end

    def self.zone
      require 'time'
      ENV['TZ'] = 'Asia/Kathmandu'
      "#{Time.at(1_750_000_000).strftime('%H:%M %Z')} #{Time.parse('2025-06-15 12:00').utc.iso8601}"
    end

    def self.people
      require 'etc'
      "#{Etc.getpwuid.name} #{Dir.home}"
    end

    def self.names
      require 'socket'
      require 'resolv'
      "#{IPSocket.getaddress('lighthouse.test')} #{Addrinfo.tcp('localhost', 'https').ip_port} #{Resolv.getaddress('lighthouse.test')}"
    end

    def self.commands
      require 'open3'
      shouted, = Open3.capture2('tr', 'a-z', 'A-Z', stdin_data: 'anchor')
      "#{shouted} #{`echo ahoy | rev 2>/dev/null || echo "no rev" | sed s/no/not/`.strip} #{system('test -d /srv/app')}"
    end
  end
end
