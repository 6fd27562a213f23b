import Foundation
import FuzzProperties
import ModelProperties
import Testing

/// What fuzzers of model files once found, and what they begin with, in every run of the tests.
@Suite("Fuzz targets of model files")
struct ModelFuzzTests {
    private static let directory = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().appending(path: "Fuzz/FailCases")

    @Test("every past failure stays fixed", arguments: ModelFuzzTarget.allCases)
    func failCases(target: ModelFuzzTarget) throws {
        let directory = Self.directory.appending(path: target.rawValue)
        for name in try FileManager.default.contentsOfDirectory(atPath: directory.path).sorted()
        where !name.hasPrefix(".") {
            let input = try Data(contentsOf: directory.appending(path: name))
            #expect(throws: Never.self, "\(target)/\(name)") { try target.check(Array(input)) }
        }
    }

    @Test(
        "every seed keeps the properties, and many of them are models",
        arguments: ModelFuzzTarget.allCases)
    func seeds(target: ModelFuzzTarget) {
        var accepted = 0
        for seed in target.seeds {
            #expect(throws: Never.self, "\(target)/\(seed.name)") {
                if try target.check(seed.input) { accepted += 1 }
            }
        }
        #expect(accepted > target.seeds.count / 4, "\(accepted) of \(target.seeds.count)")
    }

    @Test(
        "so does what is drawn from any bytes, and what an edit makes of it",
        arguments: ModelFuzzTarget.allCases)
    func drawn(target: ModelFuzzTarget) {
        for seed in 1_000..<1_150 {
            var random = SeededGenerator(seed: UInt64(seed))
            let choices = (0..<300).map { _ in UInt8(truncatingIfNeeded: random.next() >> 16) }
            #expect(throws: Never.self, "\(target), seed \(seed)") {
                try target.check([1] + choices)
            }
            var file = target.file([1] + choices)
            for _ in 0..<3 {
                file[Int.random(in: file.indices, using: &random)] = UInt8(
                    truncatingIfNeeded: random.next())
                #expect(throws: Never.self, "\(target), seed \(seed), edited") {
                    try target.check(file)
                }
            }
        }
    }
}
