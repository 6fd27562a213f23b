internal import Foundation

/// A real redis-server of one test: on a loopback port, without persistence.
public final class RedisServer: Sendable {
    public let port: Int
    public let process: ChildProcess
    private let directory: TemporaryDirectory

    /// Where the program is, or nil if it is not installed.
    public static var executable: String? {
        ["/usr/bin/redis-server", "/usr/local/bin/redis-server", "/opt/homebrew/bin/redis-server"]
            .first { FileManager.default.isExecutableFile(atPath: $0) }
    }

    /// Starts a server and waits until it takes connections.
    public static func start(password: String? = nil) async throws -> RedisServer {
        var last: (any Error)?
        // Somebody may take the free port first; then another one is tried.
        for _ in 0..<5 {
            do {
                return try await RedisServer(port: FreePort.find(), password: password)
            } catch {
                last = error
            }
        }
        throw last ?? ChildProcess.Failure(description: "redis-server did not start")
    }

    private init(port: Int, password: String?) async throws {
        guard let executable = Self.executable else {
            throw ChildProcess.Failure(description: "redis-server is not installed")
        }
        directory = try TemporaryDirectory()
        self.port = port
        var arguments = [
            "--port", "\(port)", "--bind", "127.0.0.1", "--save", "", "--appendonly", "no",
            "--dir", directory.path,
        ]
        if let password { arguments += ["--requirepass", password] }
        process = try ChildProcess(executable, arguments)
        _ = try await process.line { $0.contains("eady to accept connections") }
    }

    /// Ends the server on the spot, as a crash would.
    public func kill() async {
        process.kill()
        _ = await process.end()
    }
}
