import NIOCore
import NIOPosix
import Redis
import TestSupport
import Testing

@Suite(
    "A client of a real server", .enabled(if: RedisServer.executable != nil),
    .timeLimit(.minutes(2)))
struct RedisClientTests {
    private static let group = MultiThreadedEventLoopGroup(numberOfThreads: 2)
    private static let add = RedisScript(
        "return redis.call('INCRBY', KEYS[1], ARGV[1])")

    private func client(
        port: Int, _ change: (inout RedisClient.Configuration) -> Void = { _ in }
    ) -> RedisClient {
        var connection = RedisConnection.Configuration(host: "127.0.0.1", port: port)
        // Slow machines: what is tested here is not speed.
        connection.commandTimeout = .seconds(20)
        connection.stallTimeout = .seconds(20)
        connection.connectTimeout = .seconds(20)
        connection.scripts = [Self.add]
        var configuration = RedisClient.Configuration(connection)
        configuration.firstPause = .milliseconds(1)
        change(&configuration)
        return RedisClient(configuration, group: Self.group)
    }

    /// Waits until a call succeeds: the client comes back by itself.
    private func recovered(_ client: RedisClient) async throws -> RedisValue {
        while true {
            try await client.connected()
            if let reply = try? await client.send(RedisCommand("PING")) { return reply }
            await Task.yield()
        }
    }

    /// A request without a task, and what came of it.
    private func submit(
        _ client: RedisClient, _ request: RedisRequest
    ) async -> Result<RedisValue, RedisError> {
        await withCheckedContinuation { continuation in
            client.submit(request, timeout: .seconds(20)) { continuation.resume(returning: $0) }
        }
    }

    @Test("a request written argument by argument is answered without a task")
    func requests() async throws {
        let server = try await RedisServer.start()
        let client = client(port: server.port)
        try await client.connected()
        func call(_ request: RedisRequest, _ amount: Int64) async throws -> RedisValue {
            var request = request
            request.append(Array("k".utf8))
            request.append(amount)
            return try await submit(client, request).get()
        }
        #expect(try await call(Self.add.request(keys: 1, arguments: 1), 5) == .integer(5))
        #expect(try await call(Self.add.request(keys: 1, arguments: 1), -12) == .integer(-7))
        _ = try await client.send(RedisCommand("SCRIPT", "FLUSH"))
        // It is the caller who sends the text along, and then the server knows it again.
        let forgotten = try await call(Self.add.request(keys: 1, arguments: 1), 1)
        #expect(forgotten.error?.code == "NOSCRIPT")
        #expect(
            try await call(Self.add.requestWithSource(keys: 1, arguments: 1), 8) == .integer(1))
        #expect(try await call(Self.add.request(keys: 1, arguments: 1), 1) == .integer(2))
        await server.kill()
        while client.isConnected { await Task.yield() }
        var ping = RedisRequest(arguments: 1)
        ping.append(Array("PING".utf8))
        guard case .failure(let error) = await submit(client, ping) else {
            Issue.record("nobody is there")
            return
        }
        #expect(error.code == .connect)
        await client.close()
    }

    @Test("scripts are there from the start, and again after the server forgot them")
    func scripts() async throws {
        let server = try await RedisServer.start()
        let client = client(port: server.port)
        try await client.connected()
        let call = Self.add.command(keys: [Array("k".utf8)], [Array("5".utf8)])
        #expect(try await client.send(call) == .integer(5))
        _ = try await client.send(RedisCommand("SCRIPT", "FLUSH"))
        let replies = try await client.send([
            RedisCommand("SET", "other", "1"), call, RedisCommand("GET", "other"), call,
        ])
        #expect(replies == [.status("OK"), .integer(10), .bytes([49]), .integer(15)])
        await client.close()
    }

    /// The replies to commands that can wait.
    private func late(
        _ client: RedisClient, _ commands: [RedisCommand], within delay: Duration
    ) async throws -> [RedisValue] {
        try await withCheckedThrowingContinuation { continuation in
            client.sendLate(commands, within: delay) { result in
                continuation.resume(with: result.mapError { $0 as any Error })
            }
        }
    }

    @Test("what can wait leaves with what cannot, in its order")
    func lateWithOthers() async throws {
        let server = try await RedisServer.start()
        let client = client(port: server.port) { $0.connections = 1 }
        try await client.connected()
        async let waiting = late(
            client, [RedisCommand("APPEND", "k", "a"), RedisCommand("APPEND", "k", "b")],
            within: .seconds(3_600))
        // Until it waits, this finds nothing.
        while try await client.send(RedisCommand("GET", "k")) != .bytes(Array("ab".utf8)) {}
        #expect(try await waiting == [.integer(1), .integer(2)])
        await client.close()
    }

    @Test("what can wait leaves alone when its time is over, with the scripts it needs")
    func lateAlone() async throws {
        let server = try await RedisServer.start()
        let client = client(port: server.port) { $0.connections = 1 }
        try await client.connected()
        let call = Self.add.command(keys: [Array("k".utf8)], [Array("5".utf8)])
        _ = try await client.send(RedisCommand("SCRIPT", "FLUSH"))
        let replies = try await late(
            client, [RedisCommand("SET", "other", "1"), call], within: .milliseconds(1))
        #expect(replies == [.status("OK"), .integer(5)])
        await client.close()
        await #expect(throws: RedisError.self) {
            _ = try await late(client, [call], within: .milliseconds(1))
        }
    }

    @Test("calls from an event loop take the connection of that loop, and others any")
    func loops() async throws {
        let server = try await RedisServer.start()
        let client = client(port: server.port) { $0.connections = 2 }
        while client.connectionsMade < 2 { await Task.yield() }
        var all: Set<RedisValue> = []
        for loop in Self.group.makeIterator() {
            let used = try await Task(executorPreference: OnLoop(loop)) {
                try await Self.connections(client)
            }.value
            #expect(used.count == 1)
            all.formUnion(used)
        }
        #expect(all.count == 2)
        #expect(try await Self.connections(client) == all)
        await client.close()
    }

    /// Which connections a few calls take, one after another.
    private static func connections(_ client: RedisClient) async throws -> Set<RedisValue> {
        var used: Set<RedisValue> = []
        for _ in 0..<4 { used.insert(try await client.send(RedisCommand("CLIENT", "ID"))) }
        return used
    }

    /// Runs tasks on an event loop.
    private final class OnLoop: TaskExecutor {
        private let loop: any EventLoop

        init(_ loop: any EventLoop) { self.loop = loop }

        func enqueue(_ job: consuming ExecutorJob) {
            let job = UnownedJob(job)
            loop.execute { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
        }
    }

    @Test("a server that was killed is found again when it is back")
    func restart() async throws {
        var server = try await RedisServer.start { $0.isPersistent = true }
        let client = client(port: server.port)
        try await client.connected()
        _ = try await client.send(RedisCommand("SET", "a", "1"))
        await server.kill()
        while client.isConnected { await Task.yield() }
        let error = await #expect(throws: RedisError.self) {
            try await client.send(RedisCommand("GET", "a"))
        }
        #expect(error?.code == .connect)
        #expect(error?.mayHaveHadEffect == false)
        server = try await server.restarted()
        #expect(try await recovered(client) == .status("PONG"))
        #expect(try await client.send(RedisCommand("GET", "a")).text == "1")
        await client.close()
        _ = server
    }

    @Test("a slow reply is a timeout of its own call and nobody else's reply")
    func slow() async throws {
        let server = try await RedisServer.start()
        let proxy = try await FaultyProxy.start(to: server.port, group: Self.group)
        let client = client(port: proxy.port) { $0.connections = 1 }
        try await client.connected()
        proxy.set(.slow(.milliseconds(50)))
        for round in 0..<5 {
            let error = await #expect(throws: RedisError.self) {
                try await client.send(
                    RedisCommand("ECHO", "late \(round)"), timeout: .milliseconds(5))
            }
            #expect(error?.code == .timeout)
        }
        proxy.set(.fair)
        #expect(try await client.send(RedisCommand("ECHO", "mine")).text == "mine")
        #expect(client.connectionsMade == 1)
        await client.close()
        await proxy.close()
        _ = server
    }

    @Test("a connection that has fallen silent is given up, and a new one is made")
    func blackhole() async throws {
        let server = try await RedisServer.start()
        let proxy = try await FaultyProxy.start(to: server.port, group: Self.group)
        let client = client(port: proxy.port) {
            $0.connections = 1
            $0.connection.stallTimeout = .milliseconds(40)
            $0.connection.connectTimeout = .milliseconds(100)
        }
        try await client.connected()
        proxy.set(.blackhole)
        // The call would wait for longer than the connection is given.
        let error = await #expect(throws: RedisError.self) {
            try await client.send(RedisCommand("PING"))
        }
        #expect(error?.code == .connectionLost)
        #expect(error?.mayHaveHadEffect == true)
        proxy.set(.fair)
        #expect(try await recovered(client) == .status("PONG"))
        await client.close()
        await proxy.close()
        _ = server
    }

    @Test("a server that is not there is named; a closed client says so")
    func nobody() async throws {
        let client = client(port: try FreePort.find())
        while client.lastFailure == nil { await Task.yield() }
        let error = await #expect(throws: RedisError.self) {
            try await client.send(RedisCommand("PING"))
        }
        #expect(error?.code == .connect)
        #expect(error?.message.contains("127.0.0.1") == true)
        await client.close()
        let closed = await #expect(throws: RedisError.self) {
            try await client.send(RedisCommand("PING"))
        }
        #expect(closed?.code == .closed)
        await #expect(throws: RedisError.self) { try await client.connected() }
    }
}
