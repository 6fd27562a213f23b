internal import AssayMessages
internal import Crypto
public import Foundation
internal import RPC
internal import Synchronization

/// Brings the files of a folder of policies into force whenever they change: those of a ConfigMap, or
/// a checkout.
///
/// All of them or none: one with a problem keeps the others from being applied, and says where it is
/// wrong. A file that is gone loosens nothing: what it said stays in force.
public final class PolicyFolderFollower: Sendable {
    /// What became of the folder since the last look.
    public enum Event: Sendable, Equatable {
        case applied(file: String, model: String)
        case refused(file: String, problem: String)
    }

    /// Files of a folder that are read; more are a problem.
    private static let maximumFiles = 1_024

    private let registry: ModelRegistry
    private let folder: URL
    /// Digest of what was looked at last.
    private let last = Mutex<[UInt8]>([])
    private let problems = Mutex(0)

    public init(_ registry: ModelRegistry, folder: URL) {
        self.registry = registry
        self.folder = folder
    }

    /// Problems of the files as they are.
    public var problemCount: Int { problems.withLock { $0 } }

    /// Looks once. What is as it was costs only reading it.
    public func look() async -> [Event] {
        let files: [(name: String, text: String)]
        do {
            files = try read()
        } catch {
            return note([.refused(file: folder.path, problem: error.localizedDescription)])
        }
        var hash = SHA256()
        for file in files {
            hash.update(data: Array(file.name.utf8) + [0])
            hash.update(data: SHA256.hash(data: Array(file.text.utf8)).map(\.self))
        }
        let digest = Array(hash.finalize())
        if last.withLock({ $0 == digest }) { return [] }
        var events = Self.problems(files)
        var mayPass = false
        if events.isEmpty { (events, mayPass) = await apply(files) }
        // A store that is away is asked again.
        if !mayPass { last.withLock { $0 = digest } }
        return note(events)
    }

    private func note(_ events: [Event]) -> [Event] {
        problems.withLock { $0 = events.count { if case .refused = $0 { true } else { false } } }
        return events
    }

    private func read() throws -> [(name: String, text: String)] {
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
            .filter { $0.hasSuffix(".yaml") || $0.hasSuffix(".yml") }.sorted()
        guard names.count <= Self.maximumFiles else {
            throw FileProblem(
                file: folder.path, line: 1, column: 1,
                message: "\(names.count) files; there may be \(Self.maximumFiles)")
        }
        return try names.map { name in
            let bytes = try Data(contentsOf: folder.appending(path: name))
            return (name, String(decoding: bytes, as: UTF8.self))
        }
    }

    /// What is wrong with the files, also beside each other.
    private static func problems(_ files: [(name: String, text: String)]) -> [Event] {
        var events: [Event] = []
        var owners: [String: String] = [:]
        for file in files {
            do throws(FileProblems) {
                let model = try PolicyFile(yaml: file.text, name: file.name).policy.model
                if let other = owners.updateValue(file.name, forKey: model) {
                    events.append(
                        .refused(
                            file: file.name, problem: "model \(model) has the file \(other) too"))
                }
            } catch {
                events += error.problems.map {
                    .refused(
                        file: file.name, problem: "\($0.line):\($0.column): \($0.message)")
                }
            }
        }
        return events
    }

    private func apply(
        _ files: [(name: String, text: String)]
    ) async -> (events: [Event], mayPass: Bool) {
        var events: [Event] = []
        var mayPass = false
        for file in files {
            do {
                let request = AssayModelsV1.ApplyPolicyRequest(
                    requestID: "unused", file: file.text, dryRun: true)
                if try await registry.applyPolicy(request, by: "files").unchanged { continue }
                let plan = try await registry.applyPolicy(
                    .init(
                        requestID: "file-\(UInt64.random(in: 0 ... .max))", file: file.text,
                        reason: "file \(file.name)"), by: "files")
                events.append(.applied(file: file.name, model: plan.model))
            } catch {
                let code = (error as? RPCError)?.code
                mayPass = mayPass || code == .unavailable || code == .aborted
                events.append(.refused(file: file.name, problem: "\(error)"))
            }
        }
        return (events, mayPass)
    }
}
