import Testing

@testable import GatewayCore

@Suite struct APIKeyFileTextTests {
    private static let entries = [Fixtures.entry(.normal), Fixtures.entry(.expired)]
    private let commented = """
        # Keys of the bank.
        version: 1
        keys:
        \(entries[0].yaml(indentation: "")) # ours, from the first day
        \(entries[1].yaml(indentation: ""))
        """

    private func says(_ file: APIKeyFileText, _ entries: [APIKeyFile.Entry]) -> Bool {
        let read = try? APIKeyFile(yaml: file.text, file: "k")
        return read?.entries.map { Self.withoutLine($0) } == entries.map { Self.withoutLine($0) }
    }

    private static func withoutLine(_ entry: APIKeyFile.Entry) -> APIKeyFile.Entry {
        var entry = entry
        entry.line = 0
        return entry
    }

    @Test("a new key is added, and comments stay where they were")
    func append() throws {
        var file = try APIKeyFileText(commented, file: "k")
        let new = Fixtures.entry(.role)
        file.append(new)
        #expect(says(file, Self.entries + [new]))
        #expect(file.keepsComments && file.text.hasPrefix(commented))
        #expect(file[new.id]?.roles == ["assessor"])
    }

    @Test("revoking changes one line, expiring adds or changes one")
    func change() throws {
        var file = try APIKeyFileText(commented, file: "k")
        var expected = Self.entries
        expected[0].state = .revoked
        file.revoke(expected[0].id)
        #expect(says(file, expected) && file.keepsComments)
        let before = Set(commented.split(separator: "\n"))
        #expect(
            file.text.split(separator: "\n").filter { !before.contains($0) } == ["  state: revoked"]
        )
        for entry in [0, 1] {
            expected[entry].expires = 2_000
            file.expire(expected[entry].id, at: 2_000)
        }
        #expect(says(file, expected) && file.keepsComments)
        #expect(file.text.contains("# ours, from the first day"))
    }

    @Test("a file in another style is written anew, and says that comments are gone")
    func otherStyle() throws {
        let mac = String(repeating: "ab", count: 32)
        let text = """
            version: 1
            keys: [{ id: aaaaaaaaaaaa, tenant: bank, client: c, mac: "\(mac)", pepper: 1 }] # inline
            """
        var file = try APIKeyFileText(text, file: "k")
        file.revoke("aaaaaaaaaaaa")
        #expect(!file.keepsComments && !file.text.contains("#"))
        #expect(try APIKeyFile(yaml: file.text, file: "k").entries.map(\.state) == [.revoked])
        var empty = try APIKeyFileText("version: 1\nkeys: []\n", file: "k")
        empty.append(Self.entries[0])
        #expect(says(empty, [Self.entries[0]]) && empty.keepsComments)
        var new = APIKeyFileText(file: "k")
        new.append(Self.entries[0])
        #expect(says(new, [Self.entries[0]]))
    }

    @Test("what an entry pins is written and read back")
    func certificate() throws {
        var entry = Fixtures.entry(.normal)
        entry.certificate = (0..<32).map { UInt8($0) }
        let text = APIKeyFile(entries: [entry]).yaml
        #expect(try APIKeyFile(yaml: text, file: "k").entries[0].certificate == entry.certificate)
        let colons = (0..<32).map { "0\(String($0 % 16, radix: 16).uppercased())" }
        #expect(APIKeyFile.thumbprint(colons.joined(separator: ":"))?.count == 32)
        let short = text.replacing("certificate: \"00", with: "certificate: \"")
        #expect(throws: ConfigurationError.self) { try APIKeyFile(yaml: short, file: "k") }
    }
}
