import AssayMessages
import RPC
import Testing

@testable import RPCServices

@Suite("Health")
struct HealthTests {
    private typealias Health = GRPCHealthV1.Health
    private typealias Request = GRPCHealthV1.HealthCheckRequest

    @Test("Check tells of the process and of each service by name")
    func check() async throws {
        try await Link.with { link in
            let health = Health.Client(link.client)
            for name in ["", "bench.v1.Echo", "grpc.health.v1.Health"] {
                let reply = try await health.check(Request(service: name))
                #expect(reply.status == .serving)
            }
            link.readiness.set("bench.v1.Echo", isServing: false)
            let reply = try await health.check(Request(service: "bench.v1.Echo"))
            #expect(reply.status == .notServing)
            #expect(try await health.check(Request()).status == .serving)
        }
    }

    @Test("Check of a service that is not known is NOT_FOUND, and repeats little of a long name")
    func unknown() async throws {
        try await Link.with { link in
            let health = Health.Client(link.client)
            for name in ["bench.v1.echo", "bench.v1", ".", String(repeating: "x", count: 4_000)] {
                let error = await #expect(throws: RPCError.self) {
                    try await health.check(Request(service: name))
                }
                #expect(error?.code == .notFound)
                #expect((error?.message.count ?? 0) < 300)
            }
        }
    }

    @Test("List has every service and the process")
    func list() async throws {
        try await Link.with(reflection: true) { link in
            link.readiness.set("bench.v1.Echo", isServing: false)
            let listed = try await Health.Client(link.client).list(GRPCHealthV1.HealthListRequest())
            let statuses = Dictionary(
                uniqueKeysWithValues: listed.statuses.map { ($0.key, $0.value.status) })
            #expect(
                statuses == [
                    "": .serving, "bench.v1.Echo": .notServing, "grpc.health.v1.Health": .serving,
                    "grpc.reflection.v1.ServerReflection": .serving,
                    "grpc.reflection.v1alpha.ServerReflection": .serving,
                ])
        }
    }

    @Test("Watch tells the state now, and each change, of known and of unknown services")
    func watch() async throws {
        try await Link.with { link in
            let health = Health.Client(link.client)
            let changes: [() -> Void] = [
                { link.readiness.set("bench.v1.Echo", isServing: false) },
                { link.readiness.set("bench.v1.Echo", isServing: true) },
                { link.readiness.startDraining() },
            ]
            let seen = try await health.watch(Request(service: "bench.v1.Echo")) { replies in
                var seen: [GRPCHealthV1.HealthCheckResponse.ServingStatus] = []
                var rest = changes[...]
                for try await reply in replies {
                    seen.append(reply.status)
                    guard let change = rest.popFirst() else { break }
                    change()
                }
                return seen
            }
            #expect(seen == [.serving, .notServing, .serving, .notServing])
            let late = try await health.watch(Request(service: "later.v1.Late")) { replies in
                var seen: [GRPCHealthV1.HealthCheckResponse.ServingStatus] = []
                for try await reply in replies {
                    seen.append(reply.status)
                    link.readiness.add(["later.v1.Late"])
                    if seen.count == 2 { break }
                }
                return seen
            }
            #expect(late == [.serviceUnknown, .notServing])
        }
    }

    @Test("a watcher that leaves costs nothing any more")
    func leave() async throws {
        let readiness = Readiness()
        let watcher = Task { try await readiness.change(of: "", from: true) }
        watcher.cancel()
        await #expect(throws: CancellationError.self) { try await watcher.value }
        readiness.startDraining()
        #expect(try await readiness.change(of: "", from: true) == false)
        #expect(readiness.isDraining)
    }

    @Test("once a drain has begun nothing serves, whatever is said later")
    func drain() {
        let readiness = Readiness()
        readiness.add(["a", "b"])
        readiness.startDraining()
        readiness.set("a", isServing: true)
        readiness.setProcess(isServing: true)
        #expect(readiness.all == ["": false, "a": false, "b": false])
        #expect(readiness.isServing("c") == nil)
    }

    @Test("a thousand watchers and changes from everywhere: each sees the end, or is cancelled")
    func crowd() async throws {
        let readiness = Readiness()
        let watchers = (0..<500).map { _ in
            Task {
                var known = readiness.isServing("a")
                while true { known = try await readiness.change(of: "a", from: known) }
            }
        }
        await withTaskGroup(of: Bool?.self) { group in
            for _ in 0..<500 {
                group.addTask { try? await readiness.change(of: "", from: true) }
            }
            await withTaskGroup(of: Void.self) { writers in
                for _ in 0..<8 {
                    writers.addTask {
                        for _ in 0..<100 {
                            readiness.set("a", isServing: true)
                            readiness.set("a", isServing: false)
                            await Task.yield()
                        }
                    }
                }
            }
            readiness.startDraining()
            for await seen in group { #expect(seen == false) }
        }
        for watcher in watchers { watcher.cancel() }
        for watcher in watchers {
            await #expect(throws: CancellationError.self) { try await watcher.value }
        }
    }

    @Test(
        "a peer asks 20 times a second, all its connections together, and is told when to come back"
    )
    func limit() async throws {
        try await Link.with { link in
            let health = Health.Client(link.client)
            let refused = await withTaskGroup(of: RPCError?.self) { group in
                for _ in 0..<100 {
                    group.addTask {
                        do {
                            _ = try await health.check(
                                Request(), options: CallOptions(allowsRetry: false))
                            return nil
                        } catch {
                            return error as? RPCError
                        }
                    }
                }
                return await group.first { $0?.reason == "RATE_LIMITED" } ?? nil
            }
            let error = try #require(refused)
            #expect(error.code == .resourceExhausted)
            #expect(try #require(error.retryAfter) <= .milliseconds(50))
            // Other calls are none of its business.
            _ = try await BenchV1.Echo.Client(link.client).say(BenchV1.EchoMessage(payload: [1]))
        }
    }

    @Test("the allowance is one second's worth, refills steadily, and forgets who is gone")
    func allowance() {
        var limit = PeerRateLimit(perSecond: 20)
        var now = Instant(nanoseconds: 5_000_000_000)
        for _ in 0..<20 { #expect(limit.count("a", at: now) == nil) }
        #expect(limit.count("a", at: now) == .milliseconds(50))
        // Another event loop read its clock a little earlier.
        let earlier = Instant(nanoseconds: 4_997_000_000)
        #expect(limit.count("a", at: earlier) == .milliseconds(50))
        #expect(limit.count("b", at: now) == nil)
        now = now + .milliseconds(50)
        #expect(limit.count("a", at: now) == nil)
        #expect(limit.count("a", at: now) == .milliseconds(50))
        now = now + .seconds(2)
        #expect(limit.count("c", at: now) == nil)
        #expect(limit.peerCount == 1)
    }

    @Test("invented peers share what is left over")
    func inventedPeers() {
        var limit = PeerRateLimit(perSecond: 20)
        let now = Instant(nanoseconds: 0)
        let passed = (0..<20_000).count { limit.count("peer-\($0)", at: now) == nil }
        #expect(passed == PeerRateLimit.maximumPeers + 20)
        #expect(limit.peerCount == PeerRateLimit.maximumPeers + 1)
        #expect(limit.count("peer-7", at: now) == nil)
    }
}
