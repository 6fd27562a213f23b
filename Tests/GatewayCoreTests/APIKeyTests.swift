import RPC
import Testing

@testable import GatewayCore

@Suite struct APIKeyTests {
    private let key = Fixtures.key(9)

    @Test("base32 is RFC 4648's, in lower case and without padding")
    func base32() {
        let vectors = [
            "": "", "f": "my", "fo": "mzxq", "foo": "mzxw6", "foob": "mzxw6yq", "fooba": "mzxw6ytb",
            "foobar": "mzxw6ytboi",
        ]
        for (plain, encoded) in vectors { #expect(Base32.encode(plain.utf8) == encoded) }
    }

    @Test("the check is CRC-32 with the published value of 123456789")
    func crc() {
        #expect(CRC32.checksum("123456789".utf8) == 0xCBF4_3926)
        #expect(CRC32.checksum("".utf8) == 0)
    }

    @Test("a key has 79 characters and reads back as itself")
    func roundTrip() throws {
        let text = key.text
        #expect(text.utf8.count == 79 && APIKey.length == 79)
        #expect(text.hasPrefix("assay1_"))
        #expect(try APIKey(parsing: text.utf8) == key)
        #expect(!"\(key)".contains(String(decoding: key.secret, as: UTF8.self)))
    }

    @Test("a change of any one character is noticed without looking the key up")
    func anyChange() {
        let bytes = Array(key.text.utf8)
        for index in bytes.indices {
            for replacement in [UInt8(ascii: "a"), UInt8(ascii: "7"), UInt8(ascii: "A"), 0, 0xFF] {
                var changed = bytes
                guard changed[index] != replacement else { continue }
                changed[index] = replacement
                #expect(throws: APIKey.ParseError.self) { try APIKey(parsing: changed) }
            }
        }
    }

    @Test("texts that are no keys are malformed, whatever their length")
    func malformed() {
        let text = key.text
        var others = (0..<APIKey.length).map { String(text.prefix($0)) }
        others += [
            text + "a", text.uppercased(), " " + text.dropLast(), String(repeating: "a", count: 79),
        ]
        others.append(text.replacing("_", with: "-"))
        others.append(String(repeating: "assay1_", count: 10_000))
        for other in others {
            #expect(throws: APIKey.ParseError.malformed) { try APIKey(parsing: other.utf8) }
        }
    }

    @Test("the keys of the two halves swapped, or of two keys mixed, fail the check")
    func mixed() {
        let other = Fixtures.key(10).text
        let mixed = key.text.prefix(40) + other.dropFirst(40)
        #expect(throws: APIKey.ParseError.wrongCheck) { try APIKey(parsing: mixed.utf8) }
    }
}

@Suite struct APIKeyVerifierTests {
    private func verifier() throws -> APIKeyVerifier { try Fixtures.snapshot().authenticator.keys }

    @Test("a stored key is its principal")
    func known() throws {
        let principal = try verifier().verify(Fixtures.key(1).text.utf8, wallClock: 2_000)
        #expect(principal.tenant == "bank" && principal.client == "payments")
        #expect(principal.keyID == Fixtures.key(1).id)
        #expect(principal.scopeHeader == "risk.assess risk.decisions.read")
    }

    @Test("roles add scopes, and no scope goes beyond the tenant's")
    func roles() throws {
        let text = Fixtures.key(Fixtures.Special.role.rawValue).text
        #expect(try verifier().verify(text.utf8, wallClock: 2_000).scopeHeader == "risk.assess")
    }

    @Test("unknown ids, wrong secrets, expired, early and revoked keys are told apart for the log")
    func refusals() throws {
        let verifier = try verifier()
        func refusal(_ text: String) -> APIKeyVerifier.Refusal? {
            do throws(APIKeyVerifier.Refusal) {
                _ = try verifier.verify(text.utf8, wallClock: 2_000)
                return nil
            } catch {
                return error
            }
        }
        func text(_ special: Fixtures.Special) -> String { Fixtures.key(special.rawValue).text }
        #expect(refusal(Fixtures.key(99).text) == .unknown)
        let wrongSecret = APIKey(
            idBytes: [UInt8](repeating: 1, count: 8), secretBytes: [UInt8](repeating: 7, count: 32))
        #expect(wrongSecret.id == Fixtures.key(1).id)
        #expect(refusal(wrongSecret.text) == .unknown)
        #expect(refusal(text(.expired)) == .expired)
        #expect(refusal(text(.early)) == .notYetValid)
        #expect(refusal(text(.revoked)) == .revoked)
        #expect(refusal("") == .malformed)
        #expect(refusal(text(.normal).dropLast() + "b") == .wrongCheck)
    }

    @Test("a pepper needs 16 bytes, and another pepper is another MAC")
    func peppers() {
        #expect(Pepper(version: 1, secret: [UInt8](repeating: 1, count: 15)) == nil)
        let key = Fixtures.key(1)
        let first = Pepper(version: 1, secret: [UInt8](repeating: 1, count: 16))?.mac(of: key)
        let second = Pepper(version: 2, secret: [UInt8](repeating: 2, count: 16))?.mac(of: key)
        #expect(first?.count == 32 && first != second)
    }
}

@Suite struct APIKeyUseTests {
    private func verifier(
        _ change: (inout APIKeyRecord) -> Void = { _ in }, use: KeyUse = KeyUse()
    ) throws -> APIKeyVerifier {
        let pepper = try #require(Pepper(version: 1, secret: Fixtures.pepperSecret))
        let entry = Fixtures.entry(.normal)
        var record = APIKeyRecord(
            id: entry.id, mac: entry.mac, pepper: 1, principal: APIKeyRecord.dummy.principal,
            use: use)
        change(&record)
        return APIKeyVerifier(records: [record], peppers: [pepper])
    }

    @Test("a pinned key is refused without its certificate, and with another")
    func pinned() throws {
        let text = Fixtures.key(1).text.utf8
        let own = PeerCertificate(thumbprint: [UInt8](repeating: 5, count: 32), expiresAt: 9)
        let other = PeerCertificate(thumbprint: [UInt8](repeating: 6, count: 32), expiresAt: 9)
        let verifier = try verifier { $0.certificate = own.thumbprint }
        #expect(throws: APIKeyVerifier.Refusal.binding) {
            try verifier.verify(text, wallClock: 1)
        }
        #expect(throws: APIKeyVerifier.Refusal.binding) {
            try verifier.verify(text, certificate: other, wallClock: 1)
        }
        _ = try verifier.verify(text, certificate: own, wallClock: 1)
    }

    @Test("only a key that was let in counts as used, and its use outlives a snapshot")
    func lastUsed() throws {
        let uses = KeyUses()
        let id = Fixtures.key(1).id
        let verifier = try verifier(use: uses.use(of: id))
        #expect(throws: APIKeyVerifier.Refusal.self) {
            try verifier.verify(Fixtures.key(3).text.utf8, wallClock: 70)
        }
        #expect(uses.all().isEmpty)
        _ = try verifier.verify(Fixtures.key(1).text.utf8, wallClock: 77)
        let next = try self.verifier(use: uses.use(of: id))
        #expect(uses.all().map(\.lastUsed) == [77])
        _ = try next.verify(Fixtures.key(1).text.utf8, wallClock: 78)
        #expect(uses.all().map(\.lastUsed) == [78] && uses.all().map(\.id) == [id])
        uses.keep([])
        #expect(uses.all().isEmpty)
    }

    @Test("keys of several peppers are good side by side: a pepper is replaced without a refusal")
    func severalPeppers() throws {
        let old = try #require(Pepper(version: 1, secret: Fixtures.pepperSecret))
        let new = try #require(Pepper(version: 2, secret: [UInt8](repeating: 9, count: 32)))
        let records = [(old, UInt8(1)), (new, 2)].map { pepper, number in
            APIKeyRecord(
                id: Fixtures.key(number).id, mac: pepper.mac(of: Fixtures.key(number)),
                pepper: pepper.version, principal: APIKeyRecord.dummy.principal)
        }
        let verifier = APIKeyVerifier(records: records, peppers: [new, old])
        for number in [UInt8(1), 2] {
            _ = try verifier.verify(Fixtures.key(number).text.utf8, wallClock: 1)
        }
    }

    @Test("the keyed hash is HMAC-SHA-256 with the published values of RFC 4231")
    func keyedHash() throws {
        func code(_ key: [UInt8], _ prefix: String, _ rest: String) -> String {
            Array(rest.utf8).withUnsafeBytes { rest in
                KeyedHash(key: key, messagePrefix: Array(prefix.utf8))
                    .code(rest, UnsafeRawBufferPointer(start: nil, count: 0))
                    .map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
            }
        }
        #expect(
            code(Array("Jefe".utf8), "what do ya ", "want for nothing?")
                == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
        #expect(
            code(
                [UInt8](repeating: 0xAA, count: 131), "",
                "Test Using Larger Than Block-Size Key - Hash Key First")
                == "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54")
    }
}
