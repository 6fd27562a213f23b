import Crypto
import Testing

@testable import FeatureCore

@Suite struct TenantKeyTests {
    static let master = MasterKey(bytes: (0..<32).map { UInt8($0) })!
    let bank = TenantKey(TenantKeyTests.master, tenant: "bank")

    @Test("a pseudonym is 16 bytes of HMAC-SHA256 of the entity type, a zero byte and the key")
    func pseudonym() {
        let tenantKey = HKDF<SHA256>.deriveKey(
            inputKeyMaterial: SymmetricKey(data: (0..<32).map { UInt8($0) }),
            salt: Array("assay.features/1".utf8), info: Array("pseudonyms\u{0}bank".utf8),
            outputByteCount: 32)
        let code = HMAC<SHA256>.authenticationCode(
            for: Array("card".utf8) + [0] + Array("4f2a".utf8), using: tenantKey)
        #expect(bank.pid(entity: "card", key: "4f2a").bytes == Array(code.prefix(16)))
        let value = HMAC<SHA256>.authenticationCode(
            for: [0] + Array("shop 7".utf8), using: tenantKey)
        let expected = value.prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        #expect(bank.hash("shop 7") == Int64(bitPattern: expected))
    }

    @Test("pseudonyms differ between tenants, entity types, keys and master keys")
    func separation() {
        let other = TenantKey(Self.master, tenant: "other")
        let rekeyed = TenantKey(.random(), tenant: "bank")
        let pids = [
            bank.pid(entity: "card", key: "1"), bank.pid(entity: "card", key: "2"),
            bank.pid(entity: "customer", key: "1"), other.pid(entity: "card", key: "1"),
            rekeyed.pid(entity: "card", key: "1"),
        ]
        #expect(Set(pids).count == pids.count)
        #expect(bank.hash("1") != other.hash("1"))
        #expect(bank.pid(entity: "card", key: "1") == pids[0])
    }

    @Test("the parts of a composite key are not run together")
    func composite() {
        let pids = [
            bank.pid(entity: "e", parts: ["ab", "c"]), bank.pid(entity: "e", parts: ["a", "bc"]),
            bank.pid(entity: "e", parts: ["", "abc"]), bank.pid(entity: "e", parts: ["abc", ""]),
            bank.pid(entity: "e", parts: ["a", "b", "c"]),
            bank.pid(entity: "e", parts: ["a\u{0}", "c"]),
        ]
        #expect(Set(pids).count == pids.count)
        #expect(bank.pid(entity: "e", parts: ["abc"]) == bank.pid(entity: "e", key: "abc"))
    }

    @Test("a subject's key unwraps under its own subject, tenant and master key only")
    func wrapping() throws {
        let subject = bank.pid(entity: "customer", key: "p1")
        let key = SubjectKey.random()
        let stored = try bank.wrap(key, of: subject)
        #expect(try bank.unwrap(stored, of: subject).bytes == key.bytes)
        #expect(!stored.contains(key.bytes))
        let stranger = bank.pid(entity: "customer", key: "p2")
        #expect(throws: PrivacyError.damagedKey) { try bank.unwrap(stored, of: stranger) }
        let other = TenantKey(Self.master, tenant: "other")
        #expect(throws: PrivacyError.damagedKey) { try other.unwrap(stored, of: subject) }
        for index in stored.indices {
            var damaged = stored
            damaged[index] ^= 1
            #expect(throws: PrivacyError.damagedKey) { try bank.unwrap(damaged, of: subject) }
            #expect(throws: PrivacyError.damagedKey) {
                try bank.unwrap(Array(stored[..<index]), of: subject)
            }
        }
    }

    @Test("sealed fields open at their own place only, whole and unchanged")
    func sealing() throws {
        let key = SubjectKey.random()
        let plain = Array("card 4f2a, 48.1, 11.5".utf8)
        let sealed = try key.seal(plain, sequence: 7, place: 1)
        #expect(try key.open(sealed, sequence: 7, place: 1) == plain)
        #expect(sealed.count == plain.count + 4 + 12 + 16)
        // The same place may come again after a restore: never the same bytes, nor nonce.
        let again = try key.seal(plain, sequence: 7, place: 1)
        #expect(again[..<4] == sealed[..<4] && again[4..<16] != sealed[4..<16])
        for (sequence, place) in [(UInt64(8), UInt32(1)), (7, 0)] {
            #expect(throws: PrivacyError.damagedFields) {
                try key.open(sealed, sequence: sequence, place: place)
            }
        }
        #expect(throws: PrivacyError.otherKey) {
            try SubjectKey.random().open(sealed, sequence: 7, place: 1)
        }
        for index in sealed.indices {
            var damaged = sealed
            damaged[index] ^= 0x80
            #expect(throws: index < 4 ? PrivacyError.otherKey : .damagedFields) {
                try key.open(damaged, sequence: 7, place: 1)
            }
            #expect(throws: PrivacyError.damagedFields) {
                try key.open(Array(sealed[..<index]), sequence: 7, place: 1)
            }
        }
    }

    @Test("a master key is 64 hexadecimal digits, and nothing else")
    func masterKey() {
        let key = MasterKey.random()
        #expect(MasterKey(hex: key.hex + "\n")?.hex == key.hex)
        for text in [
            "", "00", key.hex.dropLast().description, key.hex + "0",
            "g" + key.hex.dropFirst(), "+" + key.hex.dropFirst(), "é" + key.hex.dropFirst(2),
        ] {
            #expect(MasterKey(hex: text) == nil)
        }
        #expect(MasterKey(bytes: [1, 2, 3]) == nil)
    }

    @Test("no nonce is given out twice, whoever asks")
    func nonces() async throws {
        let nonces = RandomNonces()
        let given = try await withThrowingTaskGroup(of: [[UInt8]].self) { group in
            for _ in 0..<4 {
                group.addTask { try (0..<500).map { _ in Array(try nonces.next()) } }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        #expect(given.allSatisfy { $0.count == RandomNonces.size })
        #expect(Set(given).count == 2_000)
        // Whatever was cleared would be zeros.
        #expect(!given.contains([UInt8](repeating: 0, count: RandomNonces.size)))
    }
}
