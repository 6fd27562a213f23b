import ServiceRuntime
import TestSupport
import Testing

@Suite("Configuration files")
struct ConfigurationFileTests {
    struct Limits: Decodable, Equatable {
        enum Mode: String, Decodable { case strict, lenient }
        struct Plan: Decodable, Equatable {
            var name: String
            var burst: UInt16
            var period: Duration?
        }
        var version: Int
        var mode: Mode?
        var plans: [Plan]
        var weights: [String: Double]?
        var enabled: Bool?
    }

    private func decode(_ text: String) throws -> Limits {
        try ConfigurationFile.decode(from: text, file: "limits.yaml")
    }

    private func failure(_ text: String) -> String {
        do {
            return "decoded: \(try decode(text))"
        } catch {
            return "\(error)"
        }
    }

    @Test("values of every kind are read")
    func reads() throws {
        let limits = try decode(
            """
            version: 1
            mode: strict
            enabled: true
            weights: { a: 1.5, b: 2 }
            plans:
              - { name: core, burst: 400, period: 250ms }
              - name: "7"
                burst: 1_000
            """)
        #expect(
            limits
                == Limits(
                    version: 1, mode: .strict,
                    plans: [
                        .init(name: "core", burst: 400, period: .milliseconds(250)),
                        .init(name: "7", burst: 1000, period: nil),
                    ], weights: ["a": 1.5, "b": 2], enabled: true))
    }

    @Test(
        "every mistake is named with its place",
        arguments: [
            ("version: 1\nplans: []\nbursts: 3\n", "limits.yaml:3:1: unknown key 'bursts'"),
            (
                "version: 1\nplans:\n  - { name: a, burst: 1, per: 2s }\n",
                "limits.yaml:3:26: unknown key 'per'; known are burst, name, period (at /plans/0)"
            ),
            ("version: one\nplans: []\n", "limits.yaml:1:10: expected a whole number"),
            (
                "version: 1\nplans:\n  - { name: a, burst: 70000 }\n",
                "limits.yaml:3:23: expected a whole number from 0 to 65535, found '70000' (at /plans/0/burst)"
            ),
            ("version: 1\nplans:\n  - { name: a }\n", "limits.yaml:3:5: key 'burst' is missing"),
            ("version: 1\nplans: 3\n", "limits.yaml:2:8: expected a list (at /plans)"),
            ("version: 1\nplans: []\nenabled: yes\n", "limits.yaml:3:10: expected true or false"),
            ("version: 1\nplans: []\nmode: easy\n", "limits.yaml:3:7:"),
            (
                "version: 1\nplans:\n  - { name: a, burst: 1, period: 5 }\n",
                "limits.yaml:3:34: expected a duration"
            ),
            ("version: 1\nversion: 2\nplans: []\n", "stands twice"),
            ("version: 1\nplans: [\n", "limits.yaml:"),
            ("version: 1\n\tplans: []\n", "limits.yaml:2:1:"),
            ("", "key 'version' is missing"),
            ("version: '1'\nplans: []\n", "limits.yaml:1:10: expected a whole number"),
            ("version: 0x10\nplans: []\n", "limits.yaml:1:10: expected a whole number"),
            ("version: 1\nplans: []\nweights: { a: .inf }\n", "expected a number"),
        ])
    func mistakes(text: String, expected: String) {
        let found = failure(text)
        #expect(found.contains(expected), "\(found)")
    }

    @Test("a file that does not exist, or is not text, is named")
    func unreadable() throws {
        let directory = try TemporaryDirectory()
        let missing = "\(directory.path)/none.yaml"
        let error = #expect(throws: ConfigurationError.self) {
            try ConfigurationFile.load(Limits.self, from: missing)
        }
        #expect(error?.description == "\(missing): cannot be read")
    }

    @Test("aliases cannot multiply a small file without bound")
    func aliasBomb() throws {
        var text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        for level in 1...9 {
            let inner = Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", ")
            text += "a\(level): &a\(level) [\(inner)]\n"
        }
        struct Tree: Decodable {
            init(from decoder: any Decoder) throws {
                guard var list = try? decoder.unkeyedContainer() else {
                    _ = try? decoder.singleValueContainer().decode(String.self)
                    return
                }
                while !list.isAtEnd { _ = try list.decode(Tree.self) }
            }
        }
        #expect(throws: ConfigurationError.self) {
            try ConfigurationFile.decode([String: Tree].self, from: text, file: "bomb.yaml")
        }
    }

    @Test("deep nesting is an error, not a crash")
    func deep() {
        let text = "plans: " + String(repeating: "[", count: 50_000)
        #expect(failure(text).hasPrefix("limits.yaml:"))
    }

    @Test("any prefix of a file, and any flipped byte, is read or refused")
    func damaged() {
        let text =
            "version: 1\nmode: strict\nplans:\n  - { name: core, burst: 400, period: 250ms }\n"
        let bytes = Array(text.utf8)
        for length in 0...bytes.count {
            _ = failure(String(decoding: bytes.prefix(length), as: UTF8.self))
        }
        for index in bytes.indices {
            var damaged = bytes
            damaged[index] ^= 0x15
            _ = failure(String(decoding: damaged, as: UTF8.self))
        }
    }

    @Test(
        "durations are digits and a unit",
        arguments: [
            ("2ms", Duration.milliseconds(2)), ("250us", .microseconds(250)), ("60s", .seconds(60)),
            ("5m", .seconds(300)), ("7d", .seconds(604_800)), ("0s", .zero), ("", nil), ("5", nil),
            ("-5s", nil), ("1.5s", nil), ("s", nil), ("5 s", nil), ("99999999999999d", nil),
        ])
    func durations(text: String, expected: Duration?) {
        let found = try? ConfigurationFile.decode([Duration].self, from: "['\(text)']", file: "d")
        #expect(found == expected.map { [$0] })
    }
}
