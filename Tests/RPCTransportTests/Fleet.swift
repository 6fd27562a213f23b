import Glibc
import NIOCore
import NIOPosix
import RPC
import Synchronization
import Testing

@testable import RPCTransport

/// Several servers of the echo that tell who answered, can be frozen, killed and restarted; and a
/// client with one event loop.
final class Fleet: Sendable {
    /// One server. Its replies are its number.
    final class Member: Sendable {
        let number: UInt8
        private let server: Mutex<TestServer>
        private let proxy: FaultProxy
        private let started = Atomic(0)
        private let pause = Mutex(Duration.zero)
        private let hold = Mutex<Gate?>(nil)

        init(_ number: UInt8, profile: RPCProfile) async throws {
            self.number = number
            let member = Mutex<Member?>(nil)
            let first = try await TestServer(
                EchoService { request, _ in
                    await member.withLock(\.self)?.handle()
                    return EchoMessage(payload: [number])
                }, profile: profile)
            server = Mutex(first)
            serverPort = first.server.port
            proxy = try await FaultProxy(to: serverPort)
            member.withLock { $0 = self }
        }

        private let serverPort: Int
        /// Where it is reached when it may be killed.
        var killablePort: Int { proxy.port }
        var port: Int { serverPort }

        /// Calls that reached a handler.
        var calls: Int { started.load(ordering: .relaxed) }
        var connections: Int { server.withLock { $0.server.connectionCount } }

        private func handle() async {
            started.add(1, ordering: .relaxed)
            let pause = pause.withLock(\.self)
            if pause > .zero { try? await Task.sleep(for: pause) }
            let gate = hold.withLock(\.self)
            guard let gate else { return }
            await withTaskCancellationHandler {
                await gate.wait()
            } onCancel: {
                gate.open()
            }
        }

        /// Handlers take this long from now on.
        func delay(_ duration: Duration) { pause.withLock { $0 = duration } }

        /// Handlers wait for this gate from now on, or until they are cancelled.
        func hold(_ gate: Gate?) { hold.withLock { $0 = gate } }

        /// Stops the server's event loop, as SIGSTOP does: the kernel still accepts and
        /// acknowledges, and nothing answers. Thaw it before the end.
        func freeze() async -> @Sendable () -> Void {
            let isFrozen = Gate()
            let isThawed = DispatchGate()
            server.withLock { $0.group.next() }.execute {
                isFrozen.open()
                isThawed.wait()
            }
            await isFrozen.wait()
            return { isThawed.open() }
        }

        /// Ends all connections without a word, and accepts none, as SIGKILL does. The handlers
        /// learn that their callers have gone.
        func kill() async { await proxy.cut() }

        func shutdown(grace: Duration = .seconds(5)) async {
            let old = server.withLock(\.self)
            await old.server.shutdown(grace: grace)
            try? await old.group.shutdownGracefully()
        }

        /// Serves again on the same port.
        func restart(profile: RPCProfile = .mesh) async throws {
            let fresh = try await TestServer(
                EchoService { [weak self, number] _, _ in
                    await self?.handle()
                    return EchoMessage(payload: [number])
                }, profile: profile, port: serverPort)
            server.withLock { $0 = fresh }
        }

        func stop() async {
            await proxy.stop()
            await server.withLock(\.self).stop()
        }
    }

    let members: [Member]
    let client: RPCClient
    private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)

    static let patient = EchoService.method("Custom", deadline: .seconds(10))
    static let repeatable = EchoService.method(
        "Repeatable", idempotency: .readonly, deadline: .seconds(10))

    init(
        _ count: Int, policy: ClientPolicy = .standard, server: RPCProfile = .mesh,
        profile: RPCProfile = .mesh, isKillable: Bool = false,
        source: (([Int]) -> any EndpointSource)? = nil
    ) async throws {
        var members: [Member] = []
        for number in 0..<count { members.append(try await Member(UInt8(number), profile: server)) }
        self.members = members
        let ports = members.map { isKillable ? $0.killablePort : $0.port }
        let all = ports.map { Endpoint(.host("127.0.0.1", port: $0)) }
        client = RPCClient(
            "fleet", source: source?(ports) ?? FixedSource(endpoints: all), profile: profile,
            policy: policy, group: group)
    }

    /// Runs `body` with a fleet, then ends it.
    static func run(
        _ count: Int, policy: ClientPolicy = .standard, server: RPCProfile = .mesh,
        profile: RPCProfile = .mesh, isKillable: Bool = false,
        source: (([Int]) -> any EndpointSource)? = nil,
        _ body: (Fleet) async throws -> Void
    ) async throws {
        let fleet = try await Fleet(
            count, policy: policy, server: server, profile: profile, isKillable: isKillable,
            source: source)
        do {
            try await body(fleet)
        } catch {
            await fleet.stop()
            throw error
        }
        await fleet.stop()
    }

    /// The number of the server that answered.
    func call(
        _ method: MethodDescriptor = Fleet.patient, options: CallOptions = CallOptions()
    ) async throws -> Int {
        let reply: EchoMessage = try await client.unary(method, EchoMessage(), options: options)
        return Int(reply.payload.first ?? 255)
    }

    /// Expects that this server answers.
    func expect(
        _ number: Int, _ method: MethodDescriptor = Fleet.patient,
        options: CallOptions = CallOptions()
    ) async throws {
        let answered = try await call(method, options: options)
        #expect(answered == number)
    }

    /// Calls from several tasks, each one after the other a millisecond apart, until `duration` has
    /// passed.
    func load(
        tasks: Int = 8, for duration: Duration, _ method: MethodDescriptor = Fleet.patient,
        options: CallOptions = CallOptions()
    ) async -> Load {
        let end = LoopContext.now + duration
        return await withTaskGroup(of: Load.self) { group in
            for _ in 0..<tasks {
                group.addTask {
                    var load = Load()
                    while LoopContext.now < end {
                        load.calls.append(await self.observe(method, options))
                        try? await Task.sleep(for: .milliseconds(1))
                    }
                    return load
                }
            }
            var all = Load()
            for await load in group { all.calls += load.calls }
            return all
        }
    }

    private func observe(_ method: MethodDescriptor, _ options: CallOptions) async -> Observation {
        let start = LoopContext.now
        do {
            let server = try await call(method, options: options)
            return Observation(start: start, took: LoopContext.now - start, server: server)
        } catch {
            return Observation(
                start: start, took: LoopContext.now - start, error: error as? RPCError)
        }
    }

    /// One call of a load.
    struct Observation: Sendable {
        let start: Instant
        let took: Duration
        var server: Int?
        var error: RPCError?
    }

    /// What a load's calls brought.
    struct Load: Sendable {
        var calls: [Observation] = []

        var count: Int { calls.count }
        var errors: [RPCError] { calls.compactMap(\.error) }
        /// The first error, for the message of a failed expectation.
        var trouble: String {
            "\(errors.count) of \(count): " + (errors.first.map { "\($0)" } ?? "")
        }
        var servers: Set<Int> { Set(calls.compactMap(\.server)) }
        func count(of server: Int) -> Int { calls.count { $0.server == server } }
        func since(_ instant: Instant) -> Load { Load(calls: calls.filter { $0.start > instant }) }
        var longestFailure: Duration {
            calls.filter { $0.error != nil }.map(\.took).max() ?? .zero
        }
    }

    private func stop() async {
        await client.close()
        for member in members { await member.stop() }
        try? await group.shutdownGracefully()
    }
}

/// Blocks a thread until it is opened.
final class DispatchGate: @unchecked Sendable {
    // Sendable: POSIX semaphores are made for use by several threads.
    private let semaphore: UnsafeMutablePointer<sem_t>

    init() {
        semaphore = .allocate(capacity: 1)
        sem_init(semaphore, 0, 0)
    }

    deinit {
        sem_destroy(semaphore)
        semaphore.deallocate()
    }

    func wait() { sem_wait(semaphore) }
    func open() { sem_post(semaphore) }
}

/// Waits until `condition` holds; false if it does not within the limit.
func eventually(
    within limit: Duration = .seconds(10), _ condition: () async throws -> Bool
) async rethrows -> Bool {
    let end = LoopContext.now + limit
    while LoopContext.now < end {
        if try await condition() { return true }
        // Leaves the processor to those who are waited for.
        try? await Task.sleep(for: .milliseconds(1))
    }
    return false
}
