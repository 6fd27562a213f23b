import AssayMessages
import Foundation
import Testing
import Wire

@testable import RiskCore

@Suite struct PaymentEventTests {
    static let hashes = FactBindingTests.hashes

    /// Names of the fields and keys of payments in the shipped definitions.
    static func definedFields() throws -> Set<String> {
        let path = Repository.root.appending(path: "deploy/definitions/events.yaml")
        let lines = try String(contentsOf: path, encoding: .utf8).split(separator: "\n")
        let start = try #require(lines.firstIndex(of: "  payment:"))
        let block = lines[(start + 1)...].prefix { $0.hasPrefix("    ") || $0.hasPrefix("  #") }
        var names: Set<String> = []
        for line in block where line.hasPrefix("      ") {
            let entry = line.drop { $0 == " " }.prefix { $0 != "#" }
            guard let colon = entry.firstIndex(of: ":") else { continue }
            names.insert(String(entry[..<colon]))
            // Keys of entities are fields too.
            let rest = entry[colon...].split { !$0.isLetter && !$0.isNumber && $0 != "_" }
            names.formUnion(rest.map(String.init))
        }
        return names
    }

    @Test("a full payment's event has only fields that the shipped definitions know")
    func known() throws {
        let event = AssayFeaturesV1.Event(
            payment: FullRequest.payment(), hashes: Self.hashes, deviceID: "d1")
        let defined = try Self.definedFields()
        #expect(defined.count > 60)
        for name in event.fields.keys { #expect(defined.contains(name), "\(name)") }
        #expect(event.fields.count == 44)
    }

    @Test("the event speaks the definitions' words, and tells contact data as hashes")
    func words() {
        let event = AssayFeaturesV1.Event(
            payment: FullRequest.payment(), hashes: Self.hashes, deviceID: "d1")
        #expect(event.fields["corridor"] == .text("AT>DE"))
        #expect(event.fields["channel"] == .text("mobile"))
        #expect(event.fields["card_present"] == .flag(false))
        #expect(event.fields["cvv"] == .text("match"))
        #expect(event.fields["ip64"] == .text("2001:db8:0:1"))
        #expect(event.fields["utc_offset"] == .integer(60))
        #expect(event.fields["device_id"] == .text("d1"))
        #expect(
            event.fields["email_hash"]
                == .text(Self.hashes.email("max.4711@mail.example")))
        let texts = event.fields.map { "\($0.value)" }.joined()
        for secret in ["4711", "234567", "Hauptstrasse", "Mustermann"] {
            #expect(!texts.contains(secret), "\(secret)")
        }
    }

    @Test("what the definitions cannot hold is left out")
    func bounds() {
        var request = FullRequest.payment()
        request.transaction.utcOffsetMin = 900
        request.session?.seconds = 40_000_000
        request.network?.asn = "a network with a long name"
        request.network?.address = "not an address"
        request.transaction.country = "ŉ"
        let event = AssayFeaturesV1.Event(payment: request, hashes: Self.hashes)
        for name in ["utc_offset", "session_seconds", "ip_asn", "ip64", "device_id"] {
            #expect(event.fields[name] == nil, "\(name)")
        }
        #expect(event.fields["country"] == .text("ŉ"))
    }

    @Test(
        "one subscriber has one IPv4 address, or 64 bits of IPv6",
        arguments: [
            ("203.0.113.9", "203.0.113.9"), ("2001:DB8:0:1:2:3:4:5", "2001:db8:0:1"),
            ("2001:db8::7", "2001:db8:0:0"), ("::1", "0:0:0:0"), ("::", "0:0:0:0"),
            ("fe80::1%eth0", "fe80:0:0:0"), ("64:ff9b::192.0.2.1", "64:ff9b:0:0"),
            ("", ""), ("1.2.3", ""), ("1.2.3.256", ""), ("1::2::3", ""), ("12345::", ""),
            ("1:2:3:4:5:6:7:8:9", ""), (":", ""), ("%", ""),
        ])
    func subscriber(_ address: String, _ expected: String) {
        #expect(InternetAddress.subscriber(address) == expected)
    }
}
