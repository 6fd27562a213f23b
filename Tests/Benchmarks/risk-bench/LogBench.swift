import AssayMessages
import Foundation
import RiskCore
import Storage
import Wire

/// What it costs to seal a record, chain it to the one before and hand it to the store; then to have
/// it on the disk.
struct LogBench {
    let record: AssayRiskV1.DecisionRecord
    let rounds: Int

    func measureInMemory() throws {
        let log = try DecisionLog(store: MemoryStore(), newChain: "bench", interval: .zero)
        var sequence: UInt64 = 0
        let measurement = try Measurement(rounds) {
            sequence = try log.append(record) { _, _ in }.position.sequence
        }
        precondition(sequence > 0)
        measurement.report("seal, chain and submit one record")
    }

    /// Appends as many at once as a busy service would, and waits until all are durable.
    func measureOnDisk(_ atOnce: Int) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(
            path: "risk-bench-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        let store = try RocksDBStore(
            directory: folder.path, families: [DecisionLog.records, DecisionLog.meta])
        let log = try DecisionLog(store: store, newChain: "bench")
        let batches = max(1, rounds / 20 / atOnce)
        let started = ContinuousClock.now
        for _ in 0..<batches {
            let appended = try (0..<atOnce).map { _ in try log.append(record) { _, _ in } }
            for one in appended { try await one.wait() }
        }
        let parts = (ContinuousClock.now - started).components
        let seconds = Double(parts.seconds) + Double(parts.attoseconds) * 1e-18
        let each = seconds / Double(batches * atOnce) * 1e6
        print(
            "seal, chain and wait until durable, \(atOnce) at once: "
                + "\(String(format: "%.1f", each)) µs a record")
        await log.close()
        store.close()
    }
}
