internal import Dispatch
package import Storage
internal import Synchronization

/// The registry's rows in a ``KeyValueStore`` of this process.
///
/// Changes run one after the other on a queue of their own, off the event loops; those that wait
/// together share one write to the disk.
package final class EmbeddedRegistryStore: RegistryStore {
    package static let family: Family = "registry"

    private let store: any KeyValueStore
    /// Before every key.
    private let tenant: [UInt8]
    private let writer = DispatchQueue(label: "assay.models.registry.writer")
    private let reader = DispatchQueue(
        label: "assay.models.registry.reader", attributes: .concurrent)
    private let waiting = Mutex<[Waiting]>([])

    private struct Waiting {
        var change: RegistryChange
        var done: CheckedContinuation<Result<Bool, StorageError>, Never>
    }

    package init(_ store: any KeyValueStore, tenant: String) {
        self.store = store
        self.tenant = Array("\(tenant)/".utf8)
    }

    // MARK: Reading

    package func get(_ keys: [RegistryKey]) async throws(StorageError) -> [[UInt8]?] {
        let stored = keys.map { tenant + $0.bytes }
        // What is in memory, as the rows of a model that is being changed are, costs less than a turn.
        if let values = try store.resident(stored, in: Self.family) { return values }
        return try await read { [store] () throws(StorageError) in
            try store.get(stored, in: Self.family)
        }
    }

    package func rows(
        _ range: RegistryRange, after: RegistryKey?, limit: Int
    ) async throws(StorageError) -> [RegistryRow] {
        try await read { () throws(StorageError) in
            try self.rowsNow(range, after: after, limit: limit)
        }
    }

    /// Looks for the first row behind each kind, so that it costs as much as there are kinds.
    package func kinds() async throws(StorageError) -> [RowKind] {
        try await read { () throws(StorageError) in
            var kinds: [RowKind] = []
            var lower = self.tenant
            while let key = try self.firstKey(from: lower) {
                kinds.append(key.kind)
                // The first byte behind "/", so behind all rows of the kind.
                lower = self.tenant + Array("\(key.kind.name)0".utf8)
            }
            return kinds.filter { !$0.expires }
        }
    }

    /// Blocks.
    private func firstKey(from lower: [UInt8]) throws(StorageError) -> RegistryKey? {
        var range = KeyRange.prefix(tenant)
        range.lower = lower
        do {
            guard let row = try store.rows(Self.family, range, limit: 1).first else { return nil }
            guard let key = RegistryKey(row.key.dropFirst(tenant.count)) else {
                throw StorageError(.corrupt, "registry: a key is damaged")
            }
            return key
        } catch let error as StorageError {
            throw error
        } catch {
            throw StorageError(.io, "\(error)")
        }
    }

    /// Blocks.
    package func rowsNow(
        _ range: RegistryRange, after: RegistryKey? = nil, limit: Int = .max
    ) throws(StorageError) -> [RegistryRow] {
        var keys = KeyRange.prefix(tenant + range.prefix)
        // The next key there can be.
        if let after { keys.lower = tenant + after.bytes + [0] }
        do {
            return try store.rows(Self.family, keys, limit: limit).map { row in
                guard let key = RegistryKey(row.key.dropFirst(tenant.count)) else {
                    throw StorageError(.corrupt, "registry: a key is damaged")
                }
                return RegistryRow(key, row.value)
            }
        } catch let error as StorageError {
            throw error
        } catch {
            throw StorageError(.io, "\(error)")
        }
    }

    /// Blocks.
    package func getNow(_ key: RegistryKey) throws(StorageError) -> [UInt8]? {
        try store.get(tenant + key.bytes, in: Self.family)
    }

    /// Only this process writes: there is nothing to be told.
    package func movedChains(
        since position: UInt64
    ) async throws(StorageError) -> (position: UInt64, chains: [String])? { nil }

    private func read<Value: Sendable>(
        _ body: @escaping @Sendable () throws(StorageError) -> Value
    ) async throws(StorageError) -> Value {
        let result = await withCheckedContinuation {
            (done: CheckedContinuation<Result<Value, StorageError>, Never>) in
            reader.async { done.resume(returning: Result(catching: body)) }
        }
        return try result.get()
    }

    // MARK: Writing

    package func commit(_ change: RegistryChange) async throws(StorageError) -> Bool {
        let result = await withCheckedContinuation { done in
            let isFirst = waiting.withLock { waiting in
                waiting.append(Waiting(change: change, done: done))
                return waiting.count == 1
            }
            if isFirst { writer.async { self.writeWaiting() } }
        }
        return try result.get()
    }

    /// Applies everything that waits, in order, with one write. A change sees those before it.
    private func writeWaiting() {
        let changes = waiting.withLock { waiting in
            defer { waiting = [] }
            return waiting
        }
        var pending: [RegistryKey: [UInt8]?] = [:]
        var accepted: [CheckedContinuation<Result<Bool, StorageError>, Never>] = []
        var batch = WriteBatch()
        for (change, done) in changes.map({ ($0.change, $0.done) }) {
            do throws(StorageError) {
                guard try holds(change.guards, over: pending) else {
                    done.resume(returning: .success(false))
                    continue
                }
            } catch {
                done.resume(returning: .failure(error))
                continue
            }
            for (key, value) in change.writes {
                pending[key] = .some(value)
                if let value {
                    batch.put(tenant + key.bytes, value, in: Self.family)
                } else {
                    batch.delete(tenant + key.bytes, in: Self.family)
                }
            }
            accepted.append(done)
        }
        guard !accepted.isEmpty else { return }
        let result = Result<Bool, StorageError> { () throws(StorageError) in
            if !batch.isEmpty { try store.write(batch, sync: true) }
            return true
        }
        for done in accepted { done.resume(returning: result) }
    }

    private func holds(
        _ guards: [RegistryKey: [UInt8]?], over pending: [RegistryKey: [UInt8]?]
    ) throws(StorageError) -> Bool {
        for (key, expected) in guards {
            let present: [UInt8]?
            if let value = pending[key] { present = value } else { present = try getNow(key) }
            guard present == expected else { return false }
        }
        return true
    }
}
