import Storage
import Synchronization
import Testing

@Suite struct GroupCommitTests {
    @Test("every acknowledged batch is in the store, in the order of submission")
    func order() async throws {
        let directory = TemporaryDirectory()
        let store = try RocksDBStore(directory: directory.path, families: ["a"])
        let commits = GroupCommit(store: store)
        var last: GroupCommit.Commit?
        for value in UInt8(0)..<200 {
            var batch = WriteBatch()
            batch.put([1], [value], in: "a")
            last = try commits.submit(batch)
        }
        try await last?.wait()
        #expect(try store.get([1], in: "a") == [199])
    }

    @Test("many writers share syncs, and each returns only after the sync that covers it")
    func sharing() async throws {
        let store = RecordingStore()
        let commits = GroupCommit(store: store)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            for writer in UInt8(0)..<8 {
                tasks.addTask {
                    for round in UInt8(0)..<50 {
                        var batch = WriteBatch()
                        batch.put([writer, round], [1], in: "a")
                        try await commits.commit(batch)
                        #expect(store.isSynced([writer, round]))
                    }
                }
            }
            try await tasks.waitForAll()
        }
        #expect(store.syncs < 400)
    }

    @Test("whoever asked to be told is told before those who wait later go on")
    func told() async throws {
        let commits = GroupCommit(store: RecordingStore(failingAt: 5))
        let told = Mutex<[Bool]>([])
        for value in UInt8(0)..<8 {
            var batch = WriteBatch()
            batch.put([value], [1], in: "a")
            guard let commit = try? commits.submit(batch) else { continue }
            commit.whenDone { result in
                told.withLock { $0.append((try? result.get()) != nil) }
            }
            try? await commit.wait()
            #expect(told.withLock(\.count) == Int(value) + 1)
        }
        #expect(told.withLock { $0 } == [true, true, true, true, false])
    }

    @Test("after a failed write nothing later is stored, and every waiter hears of it")
    func failsClosed() async throws {
        let store = RecordingStore(failingAt: 2)
        let commits = GroupCommit(store: store)
        func write(_ key: UInt8) async -> StorageError? {
            var batch = WriteBatch()
            batch.put([key], [1], in: "a")
            do {
                try await commits.commit(batch)
                return nil
            } catch { return error }
        }
        #expect(await write(1) == nil)
        #expect(await write(2)?.code == .full)
        #expect(await write(3)?.code == .full)
        #expect(store.isSynced([1]))
        #expect(!store.isSynced([3]))
    }

    @Test("closing waits for what was submitted and refuses what comes after")
    func closing() async throws {
        let store = RecordingStore()
        let commits = GroupCommit(store: store)
        var batch = WriteBatch()
        batch.put([7], [1], in: "a")
        _ = try commits.submit(batch)
        await commits.close()
        #expect(store.isSynced([7]))
        let error = #expect(throws: StorageError.self) { _ = try commits.submit(batch) }
        #expect(error?.code == .closed)
    }

    @Test("a backlog above its bound is refused")
    func bounded() async throws {
        let store = RecordingStore()
        let commits = GroupCommit(
            store: store, interval: .milliseconds(5), maximumPendingBytes: 100)
        var batch = WriteBatch()
        batch.put([1], [UInt8](repeating: 0, count: 60), in: "a")
        var refused = 0
        for _ in 0..<50 {
            do { _ = try commits.submit(batch) } catch { refused += error.code == .busy ? 1 : 0 }
        }
        #expect(refused > 0)
        await commits.close()
    }
}

/// Remembers which keys were written, and fails from the given write on.
private final class RecordingStore: KeyValueStore {
    private struct State {
        var keys: Set<[UInt8]> = []
        var writes = 0
    }

    private let state = Mutex(State())
    private let failingAt: Int

    init(failingAt: Int = .max) { self.failingAt = failingAt }

    var syncs: Int { state.withLock { $0.writes } }
    func isSynced(_ key: [UInt8]) -> Bool { state.withLock { $0.keys.contains(key) } }

    func get(_ key: [UInt8], in family: Family) throws(StorageError) -> [UInt8]? { nil }

    func write(_ batches: [WriteBatch], sync: Bool) throws(StorageError) {
        let result: Result<Void, StorageError> = state.withLock { state in
            state.writes += 1
            if state.writes >= failingAt { return .failure(StorageError(.full, "no space")) }
            for batch in batches {
                var offset = 0
                for operation in batch.operations {
                    state.keys.insert(Array(batch.bytes[offset...].prefix(operation.keyLength)))
                    offset += operation.keyLength + operation.valueLength
                }
            }
            return .success(())
        }
        try result.get()
    }

    func scan(
        _ family: Family, _ range: KeyRange, reversed: Bool,
        _ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer) throws -> Bool
    ) throws {}

    func close() {}
}
