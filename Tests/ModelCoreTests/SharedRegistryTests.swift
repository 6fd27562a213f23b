import AssayMessages
import RPC
import Redis
import TestSupport
import Testing

@testable import ModelCore

@Suite("The registry is the same on every store", .serialized)
struct SharedRegistryTests {
    @Test("versions, aliases and answers outlive a restart", arguments: StoreKind.allCases)
    func restart(_ kind: StoreKind) async throws {
        let kit = try await StoreKit(kind)
        let before = try await kit.open()
        let request = try Example.credit.registration(model: "m")
        let version = try await before.register(request)
        let alias = try await before.setAlias(.move("m", to: 1))
        let after = try await kit.open()
        #expect(after.snapshot.generation == before.snapshot.generation)
        #expect(try after.snapshot.alias("champion", of: "m") == alias)
        #expect(try await after.register(request) == version)
        #expect(try await after.rows.events("m").count == 2)
        await kit.close()
    }

    @Test(
        "a hundred writers of several processes: numbers without gaps, one winner per generation",
        arguments: StoreKind.allCases)
    func writers(_ kind: StoreKind) async throws {
        let kit = try await StoreKit(kind)
        let first = try await kit.open()
        _ = try await first.register(try Example.credit.registration(model: "m", id: "r-0"))
        // Only a shared store may be opened twice.
        let registries = kind == .redis ? [first, try await kit.open()] : [first]
        let manifest = try Example.credit.manifest()
        let artifact = try Example.credit.artifact()
        let winners = await withTaskGroup(of: Bool.self) { group in
            for writer in 0..<100 {
                let registry = registries[writer % registries.count]
                group.addTask {
                    if writer % 10 == 0 {
                        let request = AssayModelsV1.RegisterVersionRequest(
                            requestID: "w-\(writer)", model: "m", manifest: manifest,
                            artifact: artifact)
                        let version = try? await Self.untilDone {
                            try await registry.register(request)
                        }
                        let repeated = try? await registry.register(request)
                        return version == nil || version != repeated
                    }
                    let move = AssayModelsV1.SetAliasRequest.move(
                        "m", to: 1, id: "x-\(writer)", alias: "a-\(writer % 3)")
                    return (try? await Self.untilDone { try await registry.setAlias(move) }) != nil
                }
            }
            return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
        }
        // Three aliases, one winner each; every registration worked, and was answered again as it was.
        #expect(winners == 3)
        for registry in registries { try await registry.refresh("m") }
        for registry in registries {
            let numbers = try registry.versions(.init(model: "m")).versions.map(\.number)
            #expect(numbers == Array(1...11))
            let moved = try registry.snapshot.model("m").aliases.values.map(\.generation)
            #expect(moved == [1, 1, 1])
        }
        let picture = try #require(try await first.rows.picture(of: "m"))
        #expect(picture.sequence == 14)
        await kit.close()
    }

    /// Sixteen attempts may not be enough where a hundred write: the caller asks again, as it is told.
    private static func untilDone<Answer>(_ body: () async throws -> Answer) async throws -> Answer
    {
        for _ in 0..<50 {
            do {
                return try await body()
            } catch let error as RPCError where error.code == .aborted && error.reason == nil {
                continue
            }
        }
        return try await body()
    }

    @Test("what another process changes shows here, and this one can go on from it")
    func following() async throws {
        let kit = try await StoreKit(.redis)
        let (one, two) = (try await kit.open(), try await kit.open())
        let follower = RegistryFollower(two)
        #expect(await follower.look() == [])
        _ = try await one.register(try Example.credit.registration(model: "m"))
        _ = try await one.setAlias(.move("m", to: 1))
        #expect(await follower.look() == [.followed(["m"])])
        #expect(await follower.look() == [])
        #expect(try two.snapshot.alias("champion", of: "m").version == 1)
        let golden = try Example.credit.manifest().goldenRows[0]
        let call = AssayModelsV1.PredictRequest(requestID: "p", model: "m", values: golden.values)
        #expect(try Predictor.predict(call, in: two.serving.latest).margin == golden.margin)
        #expect(two.snapshot.generation == one.snapshot.generation)

        // Without having looked, the other one's change is the base of this one's.
        let version = try await one.register(try Example.credit.registration(model: "m", id: "r-2"))
        let moved = try await two.setAlias(
            .move("m", to: version.number, from: 1, generation: 1, id: "a-2"))
        #expect(moved.generation == 2)
        #expect(try two.versions(.init(model: "m")).versions.map(\.number) == [1, 2])
        #expect(await follower.look() == [])
        await kit.close()
    }

    @Test("a lost store changes nothing of what answers; after five minutes replies say so")
    func lost() async throws {
        let kit = try await StoreKit(.redis)
        let registry = try await kit.open()
        _ = try await registry.register(try Example.credit.registration(model: "m"))
        _ = try await registry.setAlias(.move("m", to: 1))
        let follower = RegistryFollower(registry)
        let service = ModelServingService(registry)
        let golden = try Example.credit.manifest().goldenRows[0]
        func predict() async throws -> AssayModelsV1.PredictResponse {
            try await service.predict(
                .init(requestID: "p", model: "m", values: golden.values),
                context: ServerContext(
                    method: AssayModelsV1.ModelServing.predict,
                    caller: Caller(tenant: "bank", client: "ci")))
        }
        await kit.redis.kill()
        let first = await follower.look()
        #expect(first.count == 1)
        if case .lost? = first.first {} else { Issue.record("\(first)") }
        kit.clock.withLock { $0 += 299_000 }
        #expect(await follower.look() == [])
        #expect(follower.stalenessSeconds == 299)
        #expect(try await predict().registryStale == false)
        kit.clock.withLock { $0 += 1_000 }
        #expect(await follower.look() == [.stale(seconds: 300)])
        let stale = try await predict()
        #expect(stale.registryStale && stale.margin == golden.margin)
        let refused = await refusal { try await registry.setAlias(.move("m", to: 1, id: "a-9")) }
        #expect(refused.code == .unavailable)

        let again = try await kit.redis.restarted()
        var events: [RegistryFollower.Event] = []
        for _ in 0..<200 where events.isEmpty {
            events = await follower.look()
            if events.isEmpty { try await Task.sleep(for: .milliseconds(50)) }
        }
        #expect(events == [.back])
        #expect(try await predict().registryStale == false)
        #expect(follower.stalenessSeconds == 0)
        await again.kill()
        await kit.close()
    }

    @Test(
        "a store that lost acknowledged changes takes nothing out of service, until they are back")
    func wentBack() async throws {
        let kit = try await StoreKit(.redis)
        let registry = try await kit.open()
        let follower = RegistryFollower(registry)
        _ = try await registry.register(try Example.credit.registration(model: "m"))
        _ = try await registry.setAlias(.move("m", to: 1))
        #expect(await follower.look() == [])
        let client = try await kit.client(port: kit.redis.port)
        let names = try await client.send([.init("KEYS", "mr:*")], timeout: nil)[0].elements ?? []
        var restore: [RedisCommand] = []
        for case .bytes(let name) in names {
            let dump = try await client.send([.init("DUMP", key: name)], timeout: nil)[0]
            guard case .bytes(let bytes) = dump else { continue }
            restore.append(.init("RESTORE", key: name, Array("0".utf8), bytes))
        }
        _ = try await client.send([.init("FLUSHALL")], timeout: nil)
        // Before anybody has looked, too.
        let early = await refusal { try await registry.setAlias(.move("m", to: 1, id: "a-2")) }
        #expect(early.code == .failedPrecondition && early.reason == "store_behind")
        #expect(await follower.look() == [.behind(["m"])])
        #expect(await follower.look() == [])
        #expect(try registry.serving.latest.version(of: "m", nil).number == 1)
        #expect(registry.serving.latest.isStale && follower.stalenessSeconds == 0)
        let refused = await refusal {
            try await registry.register(Example.credit.registration(model: "m", id: "r-2"))
        }
        #expect(refused.message.contains("it ends at event 0, event 2 was acknowledged"))
        _ = try await client.send(restore, timeout: nil)
        #expect(await follower.look() == [.wentBack])
        #expect(!registry.serving.latest.isStale)
        let moved = try await registry.setAlias(
            .move("m", to: 1, from: 1, generation: 1, id: "a-3"))
        #expect(moved.generation == 2)
        await kit.close()
    }
}
