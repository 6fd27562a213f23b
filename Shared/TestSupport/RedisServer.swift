internal import Foundation

/// A real redis-server of one test: on a loopback port, in a directory of its own.
public final class RedisServer: Sendable {
    public struct Options: Sendable {
        public var password: String?
        /// Keeps what it has over a restart in the same directory.
        public var isPersistent = false
        /// More of redis.conf, such as ["--maxmemory", "4mb"].
        public var arguments: [String] = []

        public init() {}
    }

    public let port: Int
    public let process: ChildProcess
    private let directory: TemporaryDirectory
    private let options: Options

    /// Where the program is, or nil if it is not installed.
    public static var executable: String? {
        ["/usr/bin/redis-server", "/usr/local/bin/redis-server", "/opt/homebrew/bin/redis-server"]
            .first { FileManager.default.isExecutableFile(atPath: $0) }
    }

    /// Starts a server and waits until it takes connections.
    public static func start(
        password: String? = nil, _ change: (inout Options) -> Void = { _ in }
    ) async throws -> RedisServer {
        var options = Options()
        options.password = password
        change(&options)
        let directory = try TemporaryDirectory()
        var last: (any Error)?
        // Somebody may take the free port first; then another one is tried.
        for _ in 0..<5 {
            do {
                return try await RedisServer(
                    port: FreePort.find(), directory: directory, options: options)
            } catch {
                last = error
            }
        }
        throw last ?? ChildProcess.Failure(description: "redis-server did not start")
    }

    private init(port: Int, directory: TemporaryDirectory, options: Options) async throws {
        guard let executable = Self.executable else {
            throw ChildProcess.Failure(description: "redis-server is not installed")
        }
        self.port = port
        self.directory = directory
        self.options = options
        var arguments = [
            "--port", "\(port)", "--bind", "127.0.0.1", "--save", "",
            "--appendonly", options.isPersistent ? "yes" : "no", "--appendfsync", "always",
            "--dir", directory.path,
        ]
        if let password = options.password { arguments += ["--requirepass", password] }
        process = try ChildProcess(executable, arguments + options.arguments)
        _ = try await process.line { $0.contains("eady to accept connections") }
    }

    /// Ends the server on the spot, as a crash would.
    public func kill() async {
        process.kill()
        _ = await process.end()
    }

    /// A server in place of this one, which has ended: same port, same directory.
    public func restarted() async throws -> RedisServer {
        try await RedisServer(port: port, directory: directory, options: options)
    }
}
