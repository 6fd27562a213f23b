import Foundation
import FuzzProperties
import RuleProperties
import Testing

/// What fuzzers of rules once found, and what they begin with, in every run of the tests.
@Suite("Fuzz targets of rules")
struct RuleFuzzTests {
    private static let directory = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().appending(path: "FailCases")

    @Test("every past failure stays fixed", arguments: RuleFuzzTarget.allCases)
    func failCases(target: RuleFuzzTarget) throws {
        let directory = Self.directory.appending(path: target.rawValue)
        for name in try FileManager.default.contentsOfDirectory(atPath: directory.path).sorted()
        where !name.hasPrefix(".") {
            let input = try Data(contentsOf: directory.appending(path: name))
            #expect(throws: Never.self, "\(target)/\(name)") { try target.check(Array(input)) }
        }
    }

    @Test(
        "every seed keeps the properties, and most of them get through the door",
        arguments: RuleFuzzTarget.allCases)
    func seeds(target: RuleFuzzTarget) {
        var refused: [String] = []
        for seed in target.seeds {
            #expect(throws: Never.self, "\(target)/\(seed.name)") {
                if try !target.check(seed.input) { refused.append(seed.name) }
            }
        }
        #expect(refused.count < target.seeds.count / 2, "\(refused)")
    }

    @Test("every seed with a byte changed, left out or doubled keeps the properties")
    func edits() throws {
        var random = SeededGenerator(seed: 7)
        for target in RuleFuzzTarget.allCases {
            for seed in target.seeds {
                for _ in 0..<8 {
                    var input = seed.input
                    let place = Int(random.next() % UInt64(input.count))
                    switch random.next() % 3 {
                    case 0: input[place] = UInt8(truncatingIfNeeded: random.next())
                    case 1: input.remove(at: place)
                    default: input.insert(input[place], at: place)
                    }
                    let text = String(decoding: input, as: UTF8.self)
                    #expect(throws: Never.self, "\(target): \(text)") { try target.check(input) }
                }
            }
        }
    }
}
