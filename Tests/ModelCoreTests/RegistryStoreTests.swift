import Storage
import TestSupport
import Testing

@testable import ModelCore

@Suite("What every store of the registry promises", .serialized)
struct RegistryStoreTests {
    private func key(_ number: UInt32, _ chain: String = "m") -> RegistryKey {
        RegistryKey(.version, chain, number)
    }

    private func change(
        _ writes: [RegistryKey: [UInt8]?], guards: [RegistryKey: [UInt8]?] = [:]
    ) -> RegistryChange {
        var change = RegistryChange()
        change.writes = writes
        change.guards = guards
        return change
    }

    @Test(
        "rows come in the order of their keys, in pages, of one chain or of all",
        arguments: StoreKind.allCases)
    func ranges(_ kind: StoreKind) async throws {
        let kit = try await StoreKit(kind)
        let store = try await kit.store()
        var writes: [RegistryKey: [UInt8]?] = [:]
        for number in [UInt32(1), 2, 255, 256, 65_536] {
            writes[key(number)] = .some([UInt8(truncatingIfNeeded: number), 0, 0xFF])
        }
        writes[key(1, "m-2")] = .some([9])
        writes[key(1, "a")] = .some([7])
        writes[RegistryKey(.head, "m")] = .some([1])
        writes[RegistryKey(.request, "m", "r-1")] = .some([2])
        #expect(try await store.commit(change(writes)))

        let all = try await store.rows(RegistryRange(.version, of: "m"), after: nil, limit: 100)
        let keys = [UInt32(1), 2, 255, 256, 65_536].map { key($0) }
        #expect(all.map(\.key) == keys)
        #expect(
            all.map(\.value) == [
                [1, 0, 255], [2, 0, 255], [255, 0, 255], [0, 0, 255], [0, 0, 255],
            ])
        let page = try await store.rows(RegistryRange(.version, of: "m"), after: key(2), limit: 2)
        #expect(page.map(\.key) == [key(255), key(256)])
        let every = try await store.rows(RegistryRange(.version), after: nil, limit: 100)
        #expect(every.map(\.key.chain) == ["a", "m-2", "m", "m", "m", "m", "m"])
        #expect(try await store.get([key(256), key(3)]) == [[0, 0, 255], nil])
        #expect(try await store.get(RegistryKey(.request, "m", "r-1")) == [2])
        #expect(Set(try await store.kinds()) == [.head, .version])
        await kit.close()
    }

    @Test(
        "nothing is written if a guard fails, and a deleted row is gone",
        arguments: StoreKind.allCases)
    func guards(_ kind: StoreKind) async throws {
        let kit = try await StoreKit(kind)
        let store = try await kit.store()
        let (one, two) = (key(1), key(2))
        #expect(try await store.commit(change([one: .some([1])], guards: [one: nil])))
        #expect(
            try await store.commit(change([two: .some([2])], guards: [one: nil])) == false)
        #expect(
            try await store.commit(change([two: .some([2])], guards: [one: .some([2])])) == false)
        #expect(try await store.get(two) == nil)
        // An empty row is one.
        #expect(try await store.commit(change([two: .some([])], guards: [one: .some([1])])))
        #expect(
            try await store.commit(change([one: .some([3])], guards: [two: nil])) == false)
        #expect(try await store.commit(change([one: nil], guards: [two: .some([])])))
        #expect(try await store.get([one, two]) == [nil, []])
        let rows = try await store.rows(RegistryRange(.version, of: "m"), after: nil, limit: 9)
        #expect(rows.map(\.key) == [two])
        await kit.close()
    }

    @Test(
        "of writers with the same guard one wins, over all who share the store",
        arguments: StoreKind.allCases)
    func contest(_ kind: StoreKind) async throws {
        let kit = try await StoreKit(kind)
        var stores: [any RegistryStore] = []
        for _ in 0..<3 { stores.append(try await kit.store()) }
        let head = RegistryKey(.head, "m")
        let all = stores
        for round in UInt8(0)..<20 {
            let before: [UInt8]? = round == 0 ? nil : [round - 1]
            let winners = try await withThrowingTaskGroup(of: Bool.self) { group in
                for writer in UInt8(0)..<30 {
                    group.addTask {
                        var change = RegistryChange()
                        change.guards[head] = .some(before)
                        change.writes[head] = .some([round])
                        change.writes[RegistryKey(.version, "m", UInt32(round))] = .some([writer])
                        return try await all[Int(writer) % 3].commit(change)
                    }
                }
                return try await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
            }
            #expect(winners == 1, "round \(round)")
        }
        let rows = try await stores[0].rows(RegistryRange(.version), after: nil, limit: 99)
        #expect(rows.count == 20)
        await kit.close()
    }

    @Test("chains that moved are told since a position")
    func moves() async throws {
        let kit = try await StoreKit(.redis)
        let store = try await kit.store()
        let start = try #require(try await store.movedChains(since: .max))
        #expect(start.position == 0 && start.chains.isEmpty)
        for chain in ["b", "a", "b"] {
            _ = try await store.commit(change([RegistryKey(.head, chain): .some([1])]))
        }
        let moved = try #require(try await store.movedChains(since: 0))
        #expect(moved.position == 3 && moved.chains == ["a", "b"])
        let later = try #require(try await store.movedChains(since: 2))
        #expect(later.chains == ["b"])
        #expect(try await store.movedChains(since: 3)?.chains == [])
        await kit.close()
    }

    @Test("a change that replicas do not confirm is an error, and its repeat too")
    func replicas() async throws {
        let kit = try await StoreKit(.redis)
        let store = try await kit.store { configuration in
            configuration.replicas = 1
            configuration.replicationTimeout = .milliseconds(50)
        }
        let request = RegistryKey(.request, "m", "r")
        let error = await #expect(throws: StorageError.self) {
            try await store.commit(change([request: .some([1])]))
        }
        #expect(error?.message.contains("only 0 of 1 replicas") == true)
        await #expect(throws: StorageError.self) { try await store.get(request) }
        #expect(try await kit.store().get(request) == [1])
        await kit.close()
    }

    @Test("a server that loses rows, or takes none, is refused by name")
    func unfit() async throws {
        let kit = try await StoreKit(.redis)
        let volatile = try await RedisServer.start()
        let replica = try await RedisServer.start {
            $0.arguments = ["--replicaof", "127.0.0.1", "\(kit.redis.port)"]
        }
        for (server, reason) in [(volatile, "append-only file"), (replica, "a replica")] {
            let client = try await kit.client(port: server.port)
            let error = await #expect(throws: (any Error).self) {
                _ = try await RedisRegistryStore(client)
            }
            #expect("\(error.map { "\($0)" } ?? "")".contains(reason))
            await server.kill()
        }
        await kit.close()
    }
}
