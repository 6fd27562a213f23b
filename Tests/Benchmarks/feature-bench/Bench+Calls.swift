import FeatureCore
import FeatureEngine
import Foundation
import Storage

/// Whether the store stays as fast as it is over very many calls.
extension Bench {
    /// One caller after the other in the store of one process, with RocksDB: latencies of all calls and
    /// of each tenth of them. Requests are made between the calls, in pieces that are not counted.
    func calls(_ count: Int) async throws {
        let directory = FileManager.default.temporaryDirectory
            .appending(path: "assay-feature-bench-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let disk = try RocksDBStore(
            directory: directory, families: EmbeddedFeatureStore.families,
            options: EmbeddedFeatureStore.storageOptions)
        let (store, clock) = try await open(disk, .written)
        try await record(store, clock, load, count: history)
        let background = Task { try await store.run() }
        print("\(count) calls of the store in process, one caller, written:")
        var tenths: [Result] = []
        var all: [Duration] = []
        all.reserveCapacity(count)
        for tenth in 0..<10 {
            let numbers = count * tenth / 10..<count * (tenth + 1) / 10
            var latencies: [Duration] = []
            latencies.reserveCapacity(numbers.count)
            var (elapsed, first): (Duration, Int) = (.zero, numbers.lowerBound)
            while first < numbers.upperBound {
                let end = min(first + 1_000, numbers.upperBound)
                let piece = try await score(store, clock, requests(load, first..<end))
                latencies += piece.latencies
                elapsed += piece.elapsed
                first = end
            }
            let result = Result(latencies, elapsed: elapsed)
            print("  calls \(numbers.lowerBound) to \(numbers.upperBound): \(result)")
            tenths.append(result)
            all += latencies
        }
        background.cancel()
        let total = Result(all, elapsed: tenths.reduce(.zero) { $0 + $1.elapsed })
        print("  all: \(total), longest \(Result.milliseconds(total.quantile(1))) ms")
        // The first tenth warms up.
        let p99 = tenths.dropFirst().map { $0.quantile(0.99) / .milliseconds(1) }
        let drift = (p99.last ?? 0) / max(p99.first ?? 0, 1e-9) - 1
        Verdict.print(
            .atMost(1, "p99", total.quantile(0.99)),
            .atMost(10, "%", "drift of the p99 from the second tenth to the last", drift * 100))
        try await store.close()
    }
}
