import AssayMessages
import Foundation
import RPC
import Storage
import Synchronization
import Testing
import Wire

@testable import RiskCore

/// A service whose store can be opened anew.
private struct RecoverableRisk {
    let store: ReopenableStore
    let log: DecisionLog
    let service: RiskService
    let clock = RiskHarness.Clock()

    init(_ open: @escaping @Sendable () throws(StorageError) -> any KeyValueStore) throws {
        store = try ReopenableStore(open)
        log = try DecisionLog(store: store, newChain: "risk-test", interval: .zero)
        service = try RiskHarness.service(FakeServices(), store, log, clock, nil)
    }

    func assess(_ id: String) async throws -> AssayRiskV1.AssessTransactionResponse {
        try await service.assessTransaction(
            RiskHarness.payment(id), context: RiskHarness.context())
    }

    /// The refusal of a payment; nil if it was decided.
    func refusal(_ id: String) async -> RPCError? {
        do {
            _ = try await assess(id)
            return nil
        } catch {
            return error as? RPCError ?? RPCError(.internal, "\(error)")
        }
    }
}

@Suite struct FullDiskTests {
    @Test("a log that cannot be written refuses, says so, and goes on where it ended")
    func broken() async throws {
        let folder = TemporaryFolder()
        let isBroken = Switch()
        let risk = try RecoverableRisk { () throws(StorageError) -> any KeyValueStore in
            do {
                return FailingStore(try folder.open(), isBroken)
            } catch {
                throw error as? StorageError ?? StorageError(.io, "\(error)")
            }
        }
        let recovery = LogRecovery(store: risk.store, log: risk.log)
        let first = try await risk.assess("r-1").decision
        #expect(recovery.step() == .writable)

        isBroken.set(true)
        for id in ["r-2", "r-3"] {
            let refusal = await risk.refusal(id)
            #expect(refusal?.code == .unavailable)
            #expect(refusal?.reason == "LOG_UNAVAILABLE")
            #expect(refusal?.message.contains("disk of the decision log is full") == true)
        }
        // What was decided before can still be asked for.
        #expect(try await risk.assess("r-1").decision == first)
        guard case .refusing(let reason) = recovery.step() else {
            Issue.record("the log should refuse")
            return
        }
        #expect(reason.contains("the disk is full; nothing is decided until it can"))

        isBroken.set(false)
        #expect(await risk.refusal("r-2")?.code == .unavailable)
        #expect(recovery.step() == .recovered)
        #expect(recovery.step() == .writable)
        let second = try await risk.assess("r-2")
        #expect(!second.replayed && second.decision.log.sequence == 2)
        #expect(try await risk.assess("r-1").replayed)
        let report = try LogVerification.verify(risk.store)
        #expect(report.firstProblem == nil && report.records == 2)
        await risk.log.close()
        risk.store.close()
    }

    @Test("while a store cannot be opened anew calls fail, and later ones find it open")
    func stillClosed() async throws {
        let folder = TemporaryFolder()
        let isBroken = Switch()
        let store = try ReopenableStore { () throws(StorageError) -> any KeyValueStore in
            if isBroken.isOn { throw StorageError(.full, "no space for the manifest") }
            return try RocksDBStore(directory: folder.path, families: RiskService.families)
        }
        isBroken.set(true)
        let refused = #expect(throws: StorageError.self) { try store.reopen() }
        #expect(refused?.code == .full)
        let closed = #expect(throws: StorageError.self) {
            try store.get([1], in: DecisionLog.meta)
        }
        #expect(closed?.code == .closed)
        isBroken.set(false)
        try store.reopen()
        #expect(try store.get([1], in: DecisionLog.meta) == nil)
        store.close()
    }

    @Test("on a real disk that is full nothing is half-written, and room brings decisions back")
    func realDisk() async throws {
        guard let disk = try SmallDisk(megabytes: 128) else {
            print("skipped: this process may not mount a file system")
            return
        }
        let directory = disk.path + "/data"
        let risk = try RecoverableRisk { () throws(StorageError) -> any KeyValueStore in
            var options = RocksDBOptions()
            options.reservedBytes = 16 << 20
            return try RocksDBStore(
                directory: directory, families: RiskService.families, options: options)
        }
        let recovery = LogRecovery(store: risk.store, log: risk.log)
        var acknowledged: [String: AssayRiskV1.Decision] = [:]
        for number in 0..<20 {
            acknowledged["a-\(number)"] = try await risk.assess("a-\(number)").decision
        }
        for round in 0..<3 {
            try disk.fill()
            var refusal: RPCError?
            for number in 0..<100 where refusal == nil {
                let id = "r-\(round)-\(number)"
                do {
                    acknowledged[id] = try await risk.assess(id).decision
                } catch {
                    refusal = error as? RPCError
                }
            }
            #expect(refusal?.code == .unavailable)
            #expect(refusal?.message.contains("disk of the decision log is full") == true)
            for _ in 0..<3 {
                #expect(await risk.refusal("w-\(round)")?.code == .unavailable)
                guard case .refusing = recovery.step() else {
                    Issue.record("there is no room, but the log recovered")
                    return
                }
            }
            try disk.free()
            #expect(recovery.step() == .recovered)
            for number in 0..<20 {
                let id = "g-\(round)-\(number)"
                acknowledged[id] = try await risk.assess(id).decision
            }
            _ = try await risk.assess("w-\(round)")
        }
        let report = try LogVerification.verify(risk.store)
        #expect(report.firstProblem == nil)
        #expect(report.records >= UInt64(acknowledged.count))
        for (id, decision) in acknowledged.sorted(by: { $0.key < $1.key }).prefix(2_000) {
            let again = try await risk.assess(id)
            #expect(again.replayed && again.decision == decision)
        }
        await risk.log.close()
        risk.store.close()
    }
}

/// Something that a test turns on and off.
final class Switch: Sendable {
    private let state = Mutex(false)

    var isOn: Bool { state.withLock { $0 } }

    func set(_ isOn: Bool) { state.withLock { $0 = isOn } }
}

/// A store whose disk is full while a switch is on; after a failed write it takes no more until it
/// is opened anew, as RocksDB does.
private final class FailingStore: KeyValueStore {
    private let store: any KeyValueStore
    private let isFull: Switch
    private let hasFailed = Switch()

    init(_ store: any KeyValueStore, _ isFull: Switch) {
        self.store = store
        self.isFull = isFull
    }

    func get(_ key: [UInt8], in family: Family) throws(StorageError) -> [UInt8]? {
        try store.get(key, in: family)
    }

    func write(_ batches: [WriteBatch], sync: Bool) throws(StorageError) {
        if isFull.isOn {
            hasFailed.set(true)
            throw StorageError(.full, "no space is left")
        }
        if hasFailed.isOn { throw StorageError(.io, "an earlier write failed") }
        try store.write(batches, sync: sync)
    }

    func scan(
        _ family: Family, _ range: KeyRange, reversed: Bool,
        _ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer) throws -> Bool
    ) throws {
        try store.scan(family, range, reversed: reversed, body)
    }

    func close() { store.close() }
}
