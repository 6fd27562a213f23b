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
    private func verifier() throws -> APIKeyVerifier { try Fixtures.snapshot().verifier }

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
