import Foundation
import NIOPosix
import RPC
import RPCTransport
import Synchronization
import Testing

/// Row 18 of the failure matrix, in seconds here and for as long as one likes by `make overload`.
@Suite("More calls than a server can serve", .serialized)
struct OverloadTests {
    /// Handlers that share a few workers, as they would a database: the more of them run, the longer
    /// each takes.
    private final class Workers: Sendable {
        private let state: Mutex<(free: Int, waiters: [CheckedContinuation<Void, Never>])>
        private let pace: Duration

        init(_ count: Int, pace: Duration) {
            state = Mutex((count, []))
            self.pace = pace
        }

        func work() async {
            await withCheckedContinuation { continuation in
                let isFree = state.withLock { state in
                    if state.free == 0 {
                        state.waiters.append(continuation)
                        return false
                    }
                    state.free -= 1
                    return true
                }
                if isFree { continuation.resume() }
            }
            try? await Task.sleep(for: pace)
            let next = state.withLock { state in
                if state.waiters.isEmpty {
                    state.free += 1
                    return nil as CheckedContinuation<Void, Never>?
                }
                return state.waiters.removeFirst()
            }
            next?.resume()
        }
    }

    /// What became of calls.
    private final class Tally: Sendable {
        struct Counts { var sent = 0, good = 0, shed = 0, other = 0 }
        private let counts = Mutex<[Criticality: Counts]>([:])
        private let reasons = Mutex<[String: Int]>([:])

        subscript(criticality: Criticality) -> Counts {
            counts.withLock { $0[criticality] ?? Counts() }
        }
        var good: Int { counts.withLock { $0.values.reduce(0) { $0 + $1.good } } }
        var sent: Int { counts.withLock { $0.values.reduce(0) { $0 + $1.sent } } }
        var trouble: [String: Int] { reasons.withLock(\.self) }

        func sent(_ criticality: Criticality) {
            counts.withLock { $0[criticality, default: Counts()].sent += 1 }
        }

        func ended(_ criticality: Criticality, _ error: RPCError?) {
            counts.withLock { counts in
                if error == nil {
                    counts[criticality, default: Counts()].good += 1
                } else if error?.reason == "OVERLOADED" {
                    counts[criticality, default: Counts()].shed += 1
                } else {
                    counts[criticality, default: Counts()].other += 1
                }
            }
            if let error {
                reasons.withLock { $0["\(error.code) \(error.reason ?? "")", default: 0] += 1 }
            }
        }
    }

    /// Starts calls at a steady rate, one of ten critical, and waits for all of them.
    private static func load(
        _ client: RPCClient, _ method: MethodDescriptor, rate: Int, for duration: Duration
    ) async -> Tally {
        let tally = Tally()
        let start = ContinuousClock.now
        let total = Int(duration / .seconds(1) * Double(rate))
        await withDiscardingTaskGroup { group in
            var number = 0
            while number < total {
                let due = min(
                    total, Int((ContinuousClock.now - start) / .seconds(1) * Double(rate)) + 1)
                while number < due {
                    let criticality: Criticality =
                        number % 10 == 0 ? .critical : number % 10 < 8 ? .normal : .sheddable
                    group.addTask { await call(client, method, criticality, tally) }
                    number += 1
                }
                try? await Task.sleep(for: .milliseconds(1))
            }
        }
        return tally
    }

    private static func call(
        _ client: RPCClient, _ method: MethodDescriptor, _ criticality: Criticality, _ tally: Tally
    ) async {
        var options = CallOptions(deadline: .after(.seconds(3)))
        options.metadata.append(AssayHeader.criticality, "\(criticality)")
        tally.sent(criticality)
        let error = await outcome {
            let _: EchoMessage = try await client.unary(method, EchoMessage(), options: options)
        }
        tally.ended(criticality, error)
    }

    /// Calls per second of so many callers that wait for each other.
    private static func peak(_ client: RPCClient, callers: Int, for duration: Duration) async
        -> Double
    {
        let count = Count()
        let end = ContinuousClock.now + duration
        await withDiscardingTaskGroup { group in
            for _ in 0..<callers {
                group.addTask {
                    while ContinuousClock.now < end {
                        let error = await outcome {
                            let _: EchoMessage = try await client.unary(
                                LifeService.once, EchoMessage())
                        }
                        if error == nil { count.add() }
                    }
                }
            }
        }
        return Double(count.value) / (duration / .seconds(1))
    }

    private static var duration: Duration {
        let minutes = ProcessInfo.processInfo.environment["ASSAY_OVERLOAD_MINUTES"].flatMap(
            Double.init)
        return minutes.map { .seconds($0 * 60) } ?? .seconds(4)
    }

    @Test(
        "row 18: three times what it can do: goodput stays, critical calls pass, and it recovers",
        arguments: [false, true])
    func overload(withRetries: Bool) async throws {
        let workers = Workers(4, pace: .milliseconds(10))
        let started = Count()
        let observer = RecordingLoadObserver()
        let service = LifeService(handler: { request, _ in
            started.add()
            await workers.work()
            return request
        })
        try await LifeServer.run(service, observer: observer) { client, server in
            let peak = await Self.peak(client, callers: 8, for: .seconds(1))
            let method = withRetries ? LifeService.repeatable : LifeService.once
            let attemptsBefore = started.value + observer.all.shed.values.reduce(0, +)
            let tally = await Self.load(
                client, method, rate: Int(3 * peak), for: Self.duration)
            let attempts =
                started.value + observer.all.shed.values.reduce(0, +) - attemptsBefore
            let goodput = Double(tally.good) / (Self.duration / .seconds(1))
            let critical = tally[.critical]
            print(
                """
                overload \(withRetries ? "with" : "without") retries: peak \(Int(peak))/s, goodput \
                \(Int(goodput))/s, critical \(critical.good) of \(critical.sent), attempts \
                \(attempts) for \(tally.sent) calls, normal \(tally[.normal].good) of \
                \(tally[.normal].sent), sheddable \(tally[.sheddable].good) of \
                \(tally[.sheddable].sent), \(tally.trouble), \(await server.server.load() as Any)
                """)
            #expect(goodput >= 0.9 * peak, "\(goodput) of \(peak)")
            #expect(Double(critical.good) >= 0.999 * Double(critical.sent), "\(critical)")
            #expect(Double(attempts) <= 1.1 * Double(tally.sent), "\(attempts) of \(tally.sent)")
            let isRecovered = await eventually(within: .seconds(5)) {
                let later = await Self.load(
                    client, method, rate: Int(peak / 2), for: .milliseconds(300))
                return later.good == later.sent
            }
            #expect(isRecovered, "half of the peak is served again within 5 s")
            #expect(await eventually { await server.server.load()?.running == 0 })
        }
    }

    @Test("shed calls say so, with a pushback; health checks of the runtime are not limited")
    func refusal() async throws {
        var profile = RPCProfile.mesh
        profile.overload = OverloadPolicy(
            maximumHandlers: 2, minimumHandlers: 1, isAdaptive: false, criticalPercent: 0)
        let finish = Gate()
        let service = LifeService(handler: { request, _ in
            await finish.wait()
            return request
        })
        try await LifeServer.run(service, profile: profile) { client, server in
            let errors = Errors()
            await withDiscardingTaskGroup { group in
                for _ in 0..<6 {
                    group.addTask {
                        let error = await outcome {
                            let _: EchoMessage = try await client.unary(
                                LifeService.once, EchoMessage())
                        }
                        if let error { errors.add(error) }
                    }
                }
                #expect(await eventually { errors.all.count == 2 })
                let load = await server.server.load()
                #expect(load == ServerLoad(running: 2, waiting: 2, streams: 0, limit: 2))
                finish.open()
            }
            for error in errors.all {
                #expect(error.code == .resourceExhausted)
                #expect(error.reason == "OVERLOADED")
                #expect(error.retryAfter.map { $0 > .zero } == true)
            }
        }
    }

    @Test("row 11: a deadline that passes in the queue ends the call; its handler does not start")
    func expiredInQueue() async throws {
        var profile = RPCProfile.mesh
        profile.overload = OverloadPolicy(
            maximumHandlers: 1, minimumHandlers: 1, isAdaptive: false, criticalPercent: 0)
        let finish = Gate()
        let started = Count()
        let service = LifeService(handler: { request, _ in
            started.add()
            await finish.wait()
            return request
        })
        try await LifeServer.run(service, profile: profile) { client, server in
            let first = Task {
                await outcome {
                    let _: EchoMessage = try await client.unary(LifeService.once, EchoMessage())
                }
            }
            #expect(await eventually { started.value == 1 })
            let options = CallOptions(deadline: .after(.milliseconds(100)))
            let error = await outcome {
                let _: EchoMessage = try await client.unary(
                    LifeService.once, EchoMessage(), options: options)
            }
            #expect(error?.code == .deadlineExceeded)
            #expect(await eventually { await server.server.load()?.waiting == 0 })
            finish.open()
            let unharmed = await first.value
            #expect(unharmed == nil)
            #expect(started.value == 1)
        }
    }

    @Test("row 11: half of all calls cancelled at random: nothing is left, and no connection ends")
    func cancelled() async throws {
        let service = LifeService(handler: { request, _ in
            try await Task.sleep(for: .microseconds(500 * Int(request.payload.first ?? 0)))
            return request
        })
        try await LifeServer.run(service) { client, server in
            await client.warmUp()
            let connections = server.server.connectionCount
            await withDiscardingTaskGroup { group in
                for index in 0..<1_000 {
                    group.addTask {
                        let call = Task {
                            await outcome {
                                let _: EchoMessage = try await client.unary(
                                    LifeService.once, EchoMessage(payload: [UInt8(index % 13)]))
                            }
                        }
                        if index % 2 == 0 {
                            try? await Task.sleep(for: .microseconds(index % 97 * 50))
                            call.cancel()
                        }
                        let error = await call.value
                        #expect(error.map { $0.code == .cancelled && index % 2 == 0 } ?? true)
                    }
                    if index % 50 == 0 { try? await Task.sleep(for: .milliseconds(3)) }
                }
            }
            #expect(await eventually { await server.server.load()?.running == 0 })
            #expect(server.server.connectionCount == connections)
        }
    }
}
