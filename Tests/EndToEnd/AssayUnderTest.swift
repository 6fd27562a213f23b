import Foundation
import TestSupport
import Testing

/// `assay up` with real processes, ports and certificates, in a folder of its own.
final class AssayUnderTest: Sendable {
    let folder: TemporaryDirectory
    let supervisor: ChildProcess
    let ports: [String: Int]

    struct RunFile: Decodable {
        struct Address: Decodable {
            let port: Int
            let admin: Int
        }
        let pid: Int32
        let services: [String: Address]
    }

    /// - Parameters:
    ///   - folder: one that an earlier process has left; nil: a new one.
    ///   - options: further ones of `assay up`.
    init(
        in folder: TemporaryDirectory? = nil, options: [String] = [],
        environment: [String: String] = [:]
    ) async throws {
        self.folder = try folder ?? TemporaryDirectory()
        let program = try #require(
            PackageLayout.executable("assay"), "the assay program was not built beside the tests")
        supervisor = try ChildProcess(
            program,
            ["up", "--data", self.folder.path, "--root", PackageLayout.root, "--any-ports"]
                + options,
            environment: environment)
        _ = try await supervisor.line(within: .seconds(60)) { $0.contains("Ctrl-C ends") }
        let data = try Data(contentsOf: URL(filePath: "\(self.folder.path)/run.json"))
        ports = try JSONDecoder().decode(RunFile.self, from: data).services.mapValues(\.port)
    }

    /// A test that failed midway leaves no process behind: the supervisor gets time to end its four.
    deinit {
        guard supervisor.isRunning else { return }
        supervisor.terminate()
        Thread.detachNewThread { [supervisor, folder] in
            withExtendedLifetime((supervisor, folder)) { Thread.sleep(forTimeInterval: 20) }
        }
    }

    func port(_ service: String) throws -> Int { try #require(ports[service]) }

    var authority: String { "\(folder.path)/tls/ca.pem" }

    func key(_ name: String) throws -> String {
        try String(contentsOfFile: "\(folder.path)/keys/\(name).key", encoding: .utf8)
            .trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// Process ids of the running services by executable name.
    func serviceProcesses() async throws -> [String: Int32] {
        let listing = try await ChildProcess.run(
            "/bin/ps", ["--ppid", String(supervisor.processID), "-o", "pid=,args="])
        var found: [String: Int32] = [:]
        for line in listing.output.split(separator: "\n") {
            let words = line.split(separator: " ")
            guard words.count > 1, let pid = Int32(words[0]),
                let name = words[1].split(separator: "/").last
            else { continue }
            found[String(name)] = pid
        }
        return found
    }

    /// One command of the person's tool on this folder.
    func assay(_ arguments: [String]) async throws -> (
        end: ChildProcess.End, output: String, errors: String
    ) {
        let program = try #require(PackageLayout.executable("assay"))
        return try await ChildProcess.run(
            program, arguments + ["--data", folder.path, "--root", PackageLayout.root])
    }

    /// Ends all four as Ctrl-C does.
    func stop() async -> ChildProcess.End {
        supervisor.send(SIGINT)
        return await supervisor.end()
    }
}
