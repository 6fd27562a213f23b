import Foundation
import FuzzProperties
import Testing

/// What fuzzers once found, and what they begin with, in every run of the tests.
@Suite("Fuzz targets")
struct FailCaseTests {
    private static let directory = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().appending(path: "FailCases")

    @Test("every past failure stays fixed", arguments: FuzzTarget.allCases)
    func failCases(target: FuzzTarget) throws {
        let directory = Self.directory.appending(path: target.rawValue)
        for name in try FileManager.default.contentsOfDirectory(atPath: directory.path).sorted()
        where !name.hasPrefix(".") {
            let input = try Data(contentsOf: directory.appending(path: name))
            #expect(throws: Never.self, "\(target)/\(name)") { try target.check(Array(input)) }
        }
    }

    @Test(
        "every seed keeps the properties, and most of them get through the door",
        arguments: FuzzTarget.allCases)
    func seeds(target: FuzzTarget) {
        var accepted = 0
        let seeds = Seed.seeds(for: target)
        for seed in seeds {
            #expect(throws: Never.self, "\(target)/\(seed.name)") {
                if try target.check(seed.input) { accepted += 1 }
            }
        }
        #expect(accepted > seeds.count / 2, "\(accepted) of \(seeds.count)")
    }
}
