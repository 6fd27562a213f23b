import Foundation
import TLS

/// The folder that `assay up` keeps everything in, `.assay` unless told otherwise.
struct Workspace: Sendable {
    let folder: String
    /// The repository: definitions, rules and examples are in its `deploy`.
    let root: String

    func path(_ parts: String...) -> String { ([folder] + parts).joined(separator: "/") }

    var authority: String { path("tls", "ca.pem") }
    var gatewayConfiguration: String { path("config", "gateway.yaml") }
    var runFile: String { path("run.json") }
    var exampleRequest: String { path("request.json") }

    func certificate(_ name: String) -> String { path("tls", "\(name).pem") }
    func key(_ name: String) -> String { path("tls", "\(name).key") }
    func apiKeyFile(_ name: DevelopmentKey) -> String { path("keys", "\(name.rawValue).key") }
    func log(_ service: ServiceName) -> String { path("logs", "\(service.executable).log") }
    func state(_ service: ServiceName) -> String { path("data", service.rawValue) }

    func apiKey(_ name: DevelopmentKey) throws -> String {
        try text(apiKeyFile(name)).trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// A file of the repository's `deploy`.
    func shipped(_ parts: String...) throws -> String {
        let path = ([root, "deploy"] + parts).joined(separator: "/")
        guard FileManager.default.fileExists(atPath: path) else {
            throw Complaint("\(path) is not there; is --root the folder of the repository?")
        }
        return path
    }

    func createFolders() throws {
        let folders =
            ["tls", "keys", "config", "logs"].map { path($0) } + ServiceName.allCases.map(state)
        for folder in folders {
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700])
        }
    }

    func text(_ path: String) throws -> String {
        do {
            return try String(contentsOfFile: path, encoding: .utf8)
        } catch {
            throw Complaint("\(path) cannot be read: \(error.localizedDescription)")
        }
    }

    /// Writes a file that only its owner may read.
    func write(_ text: String, to path: String) throws {
        let made = FileManager.default.createFile(
            atPath: path, contents: Data(text.utf8), attributes: [.posixPermissions: 0o600])
        guard made else { throw Complaint("\(path) cannot be written") }
    }

    func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }
}

/// Where a running `assay up` serves; for the other commands and for tests.
struct RunFile: Codable, Sendable {
    var pid: Int32
    var services: [String: ServiceAddress]

    static func read(_ workspace: Workspace) throws -> RunFile {
        guard let data = FileManager.default.contents(atPath: workspace.runFile),
            let file = try? JSONDecoder().decode(RunFile.self, from: data)
        else {
            throw Complaint(
                "\(workspace.runFile) is not there: nothing runs on this data folder. "
                    + "Start it with: assay up --data \(workspace.folder)")
        }
        return file
    }

    func write(_ workspace: Workspace) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        let text = String(decoding: try encoder.encode(self), as: UTF8.self)
        try workspace.write(text + "\n", to: workspace.runFile)
    }

    func port(_ service: ServiceName) throws -> Int {
        guard let address = services[service.rawValue] else {
            throw Complaint("\(service.executable) is not in the run file")
        }
        return address.port
    }
}
