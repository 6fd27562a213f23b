internal import AssayMessages
internal import Crypto
public import Foundation
internal import RPC
internal import Synchronization

/// Brings the files of a folder into force whenever they change: those of a ConfigMap, or a checkout.
///
/// All of them or none: one with a problem keeps the others from being applied, and says where it is
/// wrong. A file that is gone stops nothing: an experiment ends by `stop`, with a reason.
public final class ExperimentFolderFollower: Sendable {
    /// What became of the folder since the last look.
    public enum Event: Sendable, Equatable {
        case applied(file: String, experiment: String)
        case refused(file: String, problem: String)
    }

    /// Files of a folder that are read, and bytes of each; more are a problem.
    private static let maximumFiles = 1_024

    /// What was refused is tried again after this, even if nothing has changed.
    static let retryMilliseconds: Int64 = 60_000

    /// What was applied, or refused.
    private struct Look {
        /// Of the files.
        var digest: [UInt8] = []
        var isRefused = false
        /// The registry's, before they were looked at.
        var generation: UInt64 = 0
        var milliseconds: Int64 = 0
    }

    private let registry: ModelRegistry
    private let folder: URL
    private let last = Mutex(Look())
    /// What was refused at the last look.
    private let refused = Mutex<[Event]>([])

    public init(_ registry: ModelRegistry, folder: URL) {
        self.registry = registry
        self.folder = folder
    }

    /// Problems of the files as they are.
    public var problemCount: Int { refused.withLock(\.count) }

    /// Looks once. What is in force costs only reading it. What was refused is tried again when the
    /// registry has changed, since a version that it names may be there by now, and every minute: its
    /// arms may have to be compiled for that. It is told again when the reason is another.
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
        var look = Look(
            digest: digest, generation: registry.snapshot.generation,
            milliseconds: registry.now().millisecondsSinceEpoch)
        if isDone(look) { return [] }
        let events = await apply(files)
        look.isRefused = events.contains(where: \.isRefusal)
        last.withLock { $0 = look }
        return note(events)
    }

    /// Whether the last look saw all of it.
    private func isDone(_ look: Look) -> Bool {
        last.withLock { last in
            guard last.digest == look.digest else { return false }
            if !last.isRefused { return true }
            let passed = look.milliseconds - last.milliseconds
            return last.generation == look.generation && 0..<Self.retryMilliseconds ~= passed
        }
    }

    /// What is news of it.
    private func note(_ events: [Event]) -> [Event] {
        let now = events.filter(\.isRefusal)
        let isKnown = refused.withLock { before in
            defer { before = now }
            return before == now
        }
        return isKnown ? events.filter { !$0.isRefusal } : events
    }

    // MARK: Reading

    /// Holdouts first, since experiments name them.
    private func read() throws -> [(name: String, text: String)] {
        try within("holdouts") + within("shadows") + texts(folder, "")
    }

    /// The files of a folder in this one, if there is one.
    private func within(_ name: String) throws -> [(name: String, text: String)] {
        let inner = folder.appending(path: name)
        let known = FileManager.default.fileExists(atPath: inner.path)
        return known ? try texts(inner, "\(name)/") : []
    }

    private func texts(_ folder: URL, _ prefix: String) throws -> [(name: String, text: String)] {
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
            .filter { $0.hasSuffix(".yaml") || $0.hasSuffix(".yml") }.sorted()
        return try names.prefix(Self.maximumFiles).map { name in
            let bytes = try Data(contentsOf: folder.appending(path: name))
            return (prefix + name, String(decoding: bytes, as: UTF8.self))
        }
    }

    // MARK: Applying

    private func apply(_ files: [(name: String, text: String)]) async -> [Event] {
        var events: [Event] = []
        var open: [(name: String, text: String)] = []
        for file in files {
            switch await ask(file, dryRun: true) {
            case .success(let plan):
                events += plan.problems.map {
                    .refused(
                        file: file.name, problem: "\($0.line):\($0.column): \($0.message)")
                }
                if !plan.unchanged { open.append(file) }
            case .failure(let error): events.append(.refused(file: file.name, problem: error.text))
            }
        }
        // A holdout that is not there yet is no reason against the experiments that name it: it is
        // applied by itself first, and the rest is looked at again.
        let holdouts = open.filter { $0.name.hasPrefix("holdouts/") }
        if !events.isEmpty, !holdouts.isEmpty, open.count > holdouts.count,
            !events.contains(where: { $0.file.hasPrefix("holdouts/") })
        {
            let applied = await applyNow(holdouts)
            let isDone = applied.allSatisfy { if case .applied = $0 { true } else { false } }
            return isDone ? applied + (await apply(files)) : applied
        }
        return events.isEmpty ? await applyNow(open) : events
    }

    private func applyNow(_ files: [(name: String, text: String)]) async -> [Event] {
        var events: [Event] = []
        for file in files {
            switch await ask(file, dryRun: false) {
            case .success(let plan):
                events.append(.applied(file: file.name, experiment: plan.experiment))
            case .failure(let error): events.append(.refused(file: file.name, problem: error.text))
            }
        }
        return events
    }

    private struct Refusal: Error { var text: String }

    private func ask(
        _ file: (name: String, text: String), dryRun: Bool
    ) async -> Result<AssayModelsV1.ExperimentPlan, Refusal> {
        let digest = SHA256.hash(data: Array(file.text.utf8)).prefix(20)
        let id = digest.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
        do {
            return .success(
                try await registry.applyExperiment(
                    AssayModelsV1.ApplyExperimentRequest(
                        requestID: "file-\(id)", file: file.text, dryRun: dryRun,
                        reason: "file \(file.name)"), by: "files"))
        } catch let error as RPCError {
            return .failure(Refusal(text: "\(error.code): \(error.message)"))
        } catch {
            return .failure(Refusal(text: "\(error)"))
        }
    }
}

extension ExperimentFolderFollower.Event {
    fileprivate var file: String {
        switch self {
        case .applied(let file, _), .refused(let file, _): file
        }
    }

    fileprivate var isRefusal: Bool {
        if case .refused = self { true } else { false }
    }
}
