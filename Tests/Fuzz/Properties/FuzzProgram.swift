internal import Foundation

/// What one fuzzer tries: any bytes become a check of what must always hold.
public protocol FuzzProgram: Sendable {
    /// True if the input got behind the door, so that there was a value to examine.
    @discardableResult
    func check(_ input: [UInt8]) throws(PropertyViolation) -> Bool

    /// Where it begins.
    var seeds: [Seed] { get }
}

extension FuzzProgram {
    /// What a fuzzer does first: with `ASSAY_FUZZ_SEEDS=DIR` it writes its seeds there, and ends.
    public func writeSeeds() {
        let variable = ProcessInfo.processInfo.environment["ASSAY_FUZZ_SEEDS"]
        guard let directory = variable.map({ URL(filePath: $0, directoryHint: .isDirectory) })
        else {
            return
        }
        for seed in seeds {
            do {
                try Data(seed.input).write(to: directory.appending(path: seed.name))
            } catch {
                fatalError("\(directory.path): \(error)")
            }
        }
        exit(0)
    }

    /// What a fuzzer calls: a property that does not hold ends the process.
    public func fuzz(_ input: UnsafeBufferPointer<UInt8>) {
        do throws(PropertyViolation) {
            try check(Array(input))
        } catch {
            fatalError(error.description)
        }
    }
}
