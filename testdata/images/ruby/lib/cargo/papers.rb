# frozen_string_literal: true

module Cargo
  # What extensions in C do.
  module Papers
    def self.all
      [xml, database, password, formats, numbers].join("\n")
    end

    def self.xml
      require 'nokogiri'
      Nokogiri::XML('<ship><mast/><mast/></ship>').css('mast').length.to_s + Nokogiri::HTML('<b>hold').at('b').text
    end

    def self.database
      require 'sqlite3'
      SQLite3::Database.new(':memory:').execute("select upper('cargo')").flatten.first
    end

    def self.password
      require 'bcrypt'
      BCrypt::Password.new(BCrypt::Password.create('deck', cost: 4)).is_password?('deck').to_s
    end

    def self.formats
      %w[json yaml zlib digest csv erb psych set].each { |library| require library }
      [JSON.parse('{"a": [1]}')['a'].sum, YAML.load("a: ü")['a'], Zlib.crc32('mast'), Digest::SHA256.hexdigest('mast')[0, 8],
       CSV.parse('a;b', col_sep: ';').flatten.length, ERB.new('<%= 6 * 7 %>').result].join(' ')
    end

    def self.numbers
      require 'bigdecimal/util'
      require 'openssl'
      "#{'0.1'.to_d * 3} #{OpenSSL::HMAC.hexdigest('SHA1', 'a', 'b')[0, 8]} #{OpenSSL::X509::Store.new.tap(&:set_default_paths).class}"
    end
  end
end
