import dns.message, dns.name, dns.resolver, dns.rdatatype, dns.zone

query = dns.message.make_query("example.com", "MX")
assert dns.message.from_wire(query.to_wire()).question[0].rdtype == dns.rdatatype.MX
zone = dns.zone.from_text("@ 3600 IN SOA a b 1 2 3 4 5\n@ 3600 IN NS a\nx 60 IN A 1.2.3.4\ny IN CAA 0 issue \"x\"\n", origin="e.com")
assert zone.find_rdataset("x", "A")[0].address == "1.2.3.4"
resolver = dns.resolver.Resolver(configure=False); resolver.nameservers = ["127.0.0.1"]; resolver.port = 1
try: resolver.resolve("a.b", lifetime=0.5)
except Exception as error: assert isinstance(error, dns.exception.DNSException), error
