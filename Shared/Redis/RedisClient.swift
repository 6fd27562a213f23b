public import NIOCore
internal import NIOPosix
internal import Synchronization

/// Several connections to one server, made again whenever they end.
///
/// A call from an event loop takes a connection of that loop if there is one: its replies come back to
/// the thread that waits for them, and no other thread has to be woken on the way.
///
/// A call never waits for a connection: while there is none it fails at once, and what it would
/// have asked for is as unavailable as it is. Reconnecting goes on behind, with growing pauses.
public final class RedisClient: RedisSender {
    public struct Configuration: Sendable {
        public var connection: RedisConnection.Configuration
        /// As many as there are event loops serve a process whose calls come from all of them.
        public var connections = 2
        /// The first pause after a failure to connect; each further one doubles it.
        public var firstPause = TimeAmount.milliseconds(20)
        public var longestPause = TimeAmount.seconds(1)

        public init(_ connection: RedisConnection.Configuration) {
            self.connection = connection
        }
    }

    private struct State {
        /// Per lane; nil while there is no connection.
        var lanes: [RedisConnection?]
        var next = 0
        var isClosed = false
        var lastFailure: RedisError?
        var waiters: Waiters = [:]
        var lastWaiter = 0
    }

    private typealias Waiters = [Int: CheckedContinuation<Void, any Error>]

    private let configuration: Configuration
    private let scripts: [[UInt8]: RedisScript]
    private let group: any EventLoopGroup
    /// Of each lane.
    private let loops: [any EventLoop]
    private let state: Mutex<State>
    /// Connections made since the start, the first ones included.
    private let made = Atomic<Int>(0)

    /// Starts to connect. The configuration's scripts are those that calls may use.
    public init(_ configuration: Configuration, group: any EventLoopGroup) {
        precondition(configuration.connections > 0)
        self.configuration = configuration
        self.group = group
        scripts = Dictionary(
            configuration.connection.scripts.map { ($0.digest, $0) },
            uniquingKeysWith: { a, _ in a }
        )
        state = Mutex(State(lanes: Array(repeating: nil, count: configuration.connections)))
        let all = Array(group.makeIterator())
        loops = (0..<configuration.connections).map { all[$0 % all.count] }
        for (lane, loop) in loops.enumerated() {
            connect(lane, on: loop, pause: configuration.firstPause)
        }
    }

    /// Closes everything; later calls fail.
    public func close() async {
        let (connections, waiters) = state.withLock { state in
            state.isClosed = true
            defer {
                state.lanes = state.lanes.map { _ in nil }
                state.waiters = [:]
            }
            return (state.lanes.compactMap { $0 }, Array(state.waiters.values))
        }
        for waiter in waiters { waiter.resume(throwing: Self.closed) }
        for connection in connections { await connection.close() }
    }

    /// How many connections were made so far: more than lanes means that some were lost.
    public var connectionsMade: Int { made.load(ordering: .relaxed) }

    public var isConnected: Bool { state.withLock { $0.lanes.contains { $0 != nil } } }

    /// Why the last attempt to connect failed; nil while there is a connection.
    public var lastFailure: RedisError? {
        state.withLock { state in
            state.lanes.contains { $0 != nil } ? nil : state.lastFailure
        }
    }

    /// Waits until there is a connection: for the start of a process, and for tests. Throws why there
    /// is none when `limit` is over, or at once if the server does not accept who we are.
    public func connected(within limit: TimeAmount = .seconds(60)) async throws {
        try await withCheckedThrowingContinuation {
            (continuation: CheckedContinuation<Void, any Error>) in
            let decided: Result<Int, RedisError>? = state.withLock { state in
                if state.isClosed { return .failure(Self.closed) }
                if state.lanes.contains(where: { $0 != nil }) { return nil }
                state.lastWaiter += 1
                state.waiters[state.lastWaiter] = continuation
                return .success(state.lastWaiter)
            }
            switch decided {
            case nil: continuation.resume()
            case .failure(let error): continuation.resume(throwing: error)
            case .success(let waiter):
                group.next().scheduleTask(in: limit) { [weak self] in self?.giveUp(waiter) }
            }
        }
    }

    private func giveUp(_ waiter: Int) {
        let (continuation, failure) = state.withLock { state in
            (state.waiters.removeValue(forKey: waiter), state.lastFailure)
        }
        continuation?.resume(throwing: failure ?? notConnected(nil))
    }

    private func notConnected(_ cause: RedisError?) -> RedisError {
        RedisError(
            .connect, "not connected to \(configuration.connection.address)", cause: cause)
    }

    // MARK: Calls

    /// Sends commands in one write over one connection; as many replies, in their order.
    ///
    /// A script that the server has forgotten is loaded, and its calls are made once more, after
    /// the other commands.
    public func send(
        _ commands: [RedisCommand], timeout: Duration?
    ) async throws(RedisError) -> [RedisValue] {
        guard !commands.isEmpty else { return [] }
        let connection = try lane()
        let replies = try await connection.send(commands, timeout: timeout)
        guard Self.needCare(replies) else { return replies }
        return try await care(for: replies, to: commands, connection, timeout)
    }

    public func sendLate(
        _ commands: [RedisCommand], within delay: Duration,
        _ done: @escaping @Sendable (Result<[RedisValue], RedisError>) -> Void
    ) {
        let connection: RedisConnection
        do throws(RedisError) {
            connection = try lane()
        } catch {
            return done(.failure(error))
        }
        connection.sendLate(commands, within: TimeAmount(delay)) { [self] result in
            guard case .success(let replies) = result, Self.needCare(replies) else {
                return done(result)
            }
            Task {
                do throws(RedisError) {
                    done(.success(try await care(for: replies, to: commands, connection, nil)))
                } catch {
                    done(.failure(error))
                }
            }
        }
    }

    /// Sends one command without waiting in a task, for those who ask often and have little time.
    ///
    /// A script that the server has forgotten is the caller's matter: `NOSCRIPT` is a reply like others.
    ///
    /// - Parameter done: called once; on the caller's event loop if there is a connection of that loop,
    ///   and at once if there is no connection at all.
    public func submit(
        _ request: RedisRequest, timeout: Duration,
        _ done: @escaping @Sendable (Result<RedisValue, RedisError>) -> Void
    ) {
        let connection: RedisConnection
        do throws(RedisError) {
            connection = try lane()
        } catch {
            return done(.failure(error))
        }
        connection.submit(request, timeout: TimeAmount(timeout)) { result in
            if case .success(.error(let error)) = result, error.code == "READONLY" {
                // No longer the one to write to: its address may lead to another by now.
                Task { await connection.close() }
            }
            done(result)
        }
    }

    private static func needCare(_ replies: [RedisValue]) -> Bool {
        replies.contains { $0.error?.code == "NOSCRIPT" || $0.error?.code == "READONLY" }
    }

    private func care(
        for first: [RedisValue], to commands: [RedisCommand], _ connection: RedisConnection,
        _ timeout: Duration?
    ) async throws(RedisError) -> [RedisValue] {
        var replies = first
        let forgotten = replies.indices.filter { replies[$0].error?.code == "NOSCRIPT" }
        if !forgotten.isEmpty {
            let again = forgotten.map { commands[$0] }
            let loads = Set(again.compactMap { scripts[$0.arguments[1]] }).map(\.load)
            let second = try await connection.send(loads + again, timeout: timeout)
            for (index, reply) in zip(forgotten, second.dropFirst(loads.count)) {
                replies[index] = reply
            }
        }
        // The server is no longer the one to write to: its address may lead to another by now.
        if replies.contains(where: { $0.error?.code == "READONLY" }) {
            Task { await connection.close() }
        }
        return replies
    }

    private func lane() throws(RedisError) -> RedisConnection {
        let here = MultiThreadedEventLoopGroup.currentEventLoop
        let found: Result<RedisConnection, RedisError> = state.withLock { state in
            guard !state.isClosed else { return .failure(Self.closed) }
            var elsewhere: RedisConnection?
            let first = state.next + 1
            for step in state.lanes.indices {
                let lane = (first + step) % state.lanes.count
                guard let connection = state.lanes[lane] else { continue }
                if here == nil || here === loops[lane] {
                    state.next = lane
                    return .success(connection)
                }
                elsewhere = elsewhere ?? connection
            }
            state.next = first % state.lanes.count
            return elsewhere.map { .success($0) } ?? .failure(notConnected(state.lastFailure))
        }
        return try found.get()
    }

    private static let closed = RedisError(.closed, "the client was closed")

    // MARK: Connecting

    private func connect(_ lane: Int, on loop: any EventLoop, pause: TimeAmount) {
        Task { [weak self, configuration] in
            do {
                let connection = try await RedisConnection.connect(
                    configuration.connection, on: loop)
                guard let self else { return await connection.close() }
                await put(connection, in: lane, on: loop)
            } catch {
                self?.failed(error, lane, on: loop, pause: pause)
            }
        }
    }

    private func put(
        _ connection: RedisConnection, in lane: Int, on loop: any EventLoop
    ) async {
        let waiters: [CheckedContinuation<Void, any Error>]? = state.withLock { state in
            guard !state.isClosed else { return nil }
            // Before any call uses it: whoever asks afterwards knows of the new connection.
            made.add(1, ordering: .sequentiallyConsistent)
            state.lanes[lane] = connection
            defer { state.waiters = [:] }
            return Array(state.waiters.values)
        }
        guard let waiters else { return await connection.close() }
        for waiter in waiters { waiter.resume() }
        let pause = configuration.firstPause
        connection.ended.whenComplete { [weak self] _ in
            self?.lost(lane, on: loop, pause: pause)
        }
    }

    /// Pauses before the first attempt too: a server may take connections only to close them.
    private func lost(_ lane: Int, on loop: any EventLoop, pause: TimeAmount) {
        let isClosed = state.withLock { state in
            if !state.isClosed { state.lanes[lane] = nil }
            return state.isClosed
        }
        guard !isClosed else { return }
        loop.scheduleTask(in: pause) { [weak self] in self?.connect(lane, on: loop, pause: pause) }
    }

    private func failed(
        _ error: any Error, _ lane: Int, on loop: any EventLoop, pause: TimeAmount
    ) {
        let error = error as? RedisError
        let (isClosed, waiters) = state.withLock { state in
            state.lastFailure = error
            guard error?.isRefusal == true else { return (state.isClosed, Waiters()) }
            defer { state.waiters = [:] }
            return (state.isClosed, state.waiters)
        }
        if let error { for waiter in waiters.values { waiter.resume(throwing: error) } }
        guard !isClosed else { return }
        let longer = min(configuration.longestPause, pause + pause)
        loop.scheduleTask(in: pause) { [weak self] in
            self?.connect(lane, on: loop, pause: longer)
        }
    }
}
