import ArgumentParser
import Statistics

/// Draws buckets, for checking an assignment by hand and against other implementations.
struct ExperimentsBucketCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bucket",
        abstract: "Draws buckets of assay.bucket/1 for units.",
        discussion: """
            Reads lines of purpose, seed, kind and unit with tabs between them, and writes each \
            with its hash and its bucket. The purposes allocate and arm have the seed \
            EXPERIMENT:EPOCH, layer and holdout their name, shadow MODEL/ALIAS. A unit takes part \
            if its allocate bucket is below 100 times the allocation.
            """)

    func run() throws {
        while let line = readLine() {
            let parts = line.split(separator: "\t", omittingEmptySubsequences: false)
                .map(String.init)
            guard parts.count == 4 else {
                throw Complaint("expected purpose, seed, kind and unit between tabs, got: \(line)")
            }
            guard let purpose = Bucketing.Purpose(rawValue: parts[0]) else {
                let known = Bucketing.Purpose.allCases.map(\.rawValue).joined(separator: ", ")
                throw Complaint("\"\(parts[0])\" is no purpose; they are \(known)")
            }
            let hash = Bucketing.hash(
                purpose: purpose, seed: parts[1], kind: parts[2], unit: parts[3])
            let digits = String(hash, radix: 16)
            let padded = String(repeating: "0", count: 16 - digits.count) + digits
            print(line, padded, Bucketing.bucket(hash), separator: "\t")
        }
    }
}
