import NIOCore
import NIOPosix
import Redis
import TestSupport
import Testing

@Suite("A connection to a real server", .enabled(if: RedisServer.executable != nil))
struct RedisConnectionTests {
    private static let group = MultiThreadedEventLoopGroup(numberOfThreads: 2)

    private func connect(
        _ server: RedisServer, _ change: (inout RedisConnection.Configuration) -> Void = { _ in }
    ) async throws -> RedisConnection {
        var configuration = RedisConnection.Configuration(host: "127.0.0.1", port: server.port)
        // Slow machines: what is tested here is not speed.
        configuration.commandTimeout = .seconds(20)
        configuration.connectTimeout = .seconds(20)
        change(&configuration)
        return try await RedisConnection.connect(configuration, on: Self.group.next())
    }

    @Test("values of any bytes go there and come back")
    func roundTrip() async throws {
        let server = try await RedisServer.start()
        let connection = try await connect(server)
        let bytes = (0...255).map { UInt8($0) } + Array("\r\n$5\r\n*1".utf8)
        let set = RedisCommand([Array("SET".utf8), bytes, bytes])
        #expect(try await connection.send(set) == .status("OK"))
        #expect(
            try await connection.send(RedisCommand([Array("GET".utf8), bytes])) == .bytes(bytes))
        #expect(try await connection.send(RedisCommand("GET", "nothing")) == .null)
        #expect(try await connection.send(RedisCommand("NONSENSE")).error?.code == "ERR")
        await connection.close()
        #expect(!connection.isActive)
    }

    @Test("pipelined commands of many tasks get their own replies")
    func pipelining() async throws {
        let server = try await RedisServer.start()
        let connection = try await connect(server)
        await withThrowingTaskGroup(of: Void.self) { group in
            for task in 0..<50 {
                group.addTask {
                    let commands = (0..<10).flatMap { index in
                        [
                            RedisCommand("SET", "k\(task).\(index)", "v\(task).\(index)"),
                            RedisCommand("GET", "k\(task).\(index)"),
                        ]
                    }
                    let replies = try await connection.send(commands)
                    for index in 0..<10 {
                        #expect(replies[2 * index + 1].text == "v\(task).\(index)")
                    }
                }
            }
        }
        await connection.close()
    }

    @Test("an unknown script is an error value, and a known one runs")
    func scripts() async throws {
        let server = try await RedisServer.start()
        let connection = try await connect(server)
        let digest = String(repeating: "0", count: 40)
        let missing = try await connection.send(RedisCommand("EVALSHA", digest, "0"))
        #expect(missing.error?.code == "NOSCRIPT")
        let script = "return {redis.call('incrby', KEYS[1], ARGV[1]), 'x', {ARGV[1]}}"
        let loaded = try await connection.send(RedisCommand("SCRIPT", "LOAD", script))
        let sha = try #require(loaded.text)
        let reply = try await connection.send(RedisCommand("EVALSHA", sha, "1", "k", "5"))
        #expect(reply == .array([.integer(5), .bytes([120]), .array([.bytes([53])])]))
        await connection.close()
    }

    @Test("a password is asked for and checked; a database is selected")
    func signIn() async throws {
        let server = try await RedisServer.start(password: "s3cret")
        let connection = try await connect(server) {
            $0.password = "s3cret"
            $0.database = 3
        }
        #expect(try await connection.send(RedisCommand("SET", "a", "1")) == .status("OK"))
        await connection.close()
        let wrong = await #expect(throws: RedisError.self) {
            try await connect(server) { $0.password = "wrong" }
        }
        #expect(wrong?.code == .authentication)
        #expect(wrong.map { "\($0)".contains("wrong") } == false)
        let anonymous = try await connect(server)
        #expect(try await anonymous.send(RedisCommand("GET", "a")).error?.code == "NOAUTH")
        await anonymous.close()
    }

    @Test("a server that is killed fails the calls in flight, and later ones at once")
    func killed() async throws {
        let server = try await RedisServer.start()
        let connection = try await connect(server)
        // A call that the server holds until it dies.
        async let blocked = connection.send(RedisCommand("BLPOP", "never", "0"))
        let observer = try await connect(server)
        while try await observer.send(RedisCommand("CLIENT", "LIST")).text?.contains("cmd=blpop")
            != true
        {
            await Task.yield()
        }
        await server.kill()
        do {
            _ = try await blocked
            Issue.record("a reply of a dead server")
        } catch let error as RedisError {
            #expect(error.code == .connectionLost)
        }
        let later = await #expect(throws: RedisError.self) {
            try await connection.send(RedisCommand("PING"))
        }
        #expect(later?.code == .closed)
    }

    @Test("more commands than allowed are refused, and the connection goes on")
    func bounded() async throws {
        let server = try await RedisServer.start()
        let connection = try await connect(server) { $0.maximumInFlight = 4 }
        let refused = await #expect(throws: RedisError.self) {
            try await connection.send((0..<5).map { _ in RedisCommand("PING") })
        }
        #expect(refused?.code == .tooManyInFlight)
        #expect(try await connection.send(RedisCommand("PING")) == .status("PONG"))
        await connection.close()
    }

    @Test("a command that is too large is refused")
    func largeCommand() async throws {
        let server = try await RedisServer.start()
        let connection = try await connect(server)
        let big = [UInt8](repeating: 0, count: 1 << 20)
        let refused = await #expect(throws: RedisError.self) {
            try await connection.send(RedisCommand([Array("ECHO".utf8), big]))
        }
        #expect(refused?.code == .commandTooLarge)
        await connection.close()
    }

    @Test("a reply that is too large ends the connection with an error")
    func largeReply() async throws {
        let server = try await RedisServer.start()
        let connection = try await connect(server)
        let error = await #expect(throws: RedisError.self) {
            try await connection.send(
                RedisCommand("EVAL", "return string.rep('x', 2000000)", "0"))
        }
        #expect(error?.code == .protocolViolation)
        await connection.close()
    }

    @Test("a server that is not there is an error with its address")
    func refused() async throws {
        let port = try FreePort.find()
        let error = await #expect(throws: RedisError.self) {
            try await RedisConnection.connect(
                RedisConnection.Configuration(host: "127.0.0.1", port: port), on: Self.group.next())
        }
        #expect(error?.code == .connect)
        #expect(error?.message.contains("127.0.0.1:\(port)") == true)
    }
}
