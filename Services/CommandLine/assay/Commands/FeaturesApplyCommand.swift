import ArgumentParser
import AssayMessages
import FeatureCore
import FeatureEngine
import Foundation

/// Takes a plan as read: writes vectors.lock, and brings the definitions into force in a running
/// store.
struct FeaturesApplyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "apply",
        abstract: "Applies a folder of definitions, once its plan has been read.",
        discussion: """
            With --running or --address the definitions come into force in that store: features over \
            what states hold already at once; where states must hold more, they are made from the \
            event log first, while the store serves as before, and this command waits. In every case \
            vectors.lock gets the fingerprints of new vectors.
            """)

    @OptionGroup var options: PlanOptions
    @Option(help: "The hash that `assay features plan` printed.") var plan: String?
    @Flag(help: "Apply what the plan says without asking.") var yes = false
    @OptionGroup(title: "A running store") var running: RunningStoreOptions

    func validate() throws {
        guard running.isAsked || plan != nil else {
            throw ValidationError("say which plan you have read, with --plan")
        }
    }

    func run() async throws {
        guard running.isAsked else { return try lock() }
        let found = try await running.plan(options)
        for line in found.text { print(line) }
        try found.complainIfRefused()
        if found.changes.isEmpty { return print("\n\(NextStep.nothing)") }
        try confirm(found.planHash.hexadecimal)
        let connection = try running.connect()
        let answer = try await apply(found, connection)
        await connection.transport.close()
        try writeLock(DefinitionFolder.load(options.definitions))
        print(
            "in force: definitions \(answer.definitionSet.hexadecimal), states"
                + " \(answer.generation.hexadecimal)")
    }

    private func confirm(_ hash: String) throws {
        if let plan {
            guard plan == hash else {
                throw Complaint(
                    "the plan is \(hash) by now: something has changed since; read it again")
            }
            return
        }
        if yes { return }
        guard isatty(STDIN_FILENO) == 1 else {
            throw Complaint("to apply it, say --yes, or --plan \(hash)")
        }
        FileHandle.standardOutput.write(Data("\napply? [y/N] ".utf8))
        guard readLine()?.lowercased().hasPrefix("y") == true else {
            throw Complaint("nothing was applied")
        }
    }

    /// Returns when the definitions are in force.
    private func apply(
        _ plan: AssayFeaturesV1.PlanDefinitionsResponse, _ connection: FeaturesConnection
    ) async throws -> AssayFeaturesV1.ListDefinitionsResponse {
        let client = AssayFeaturesV1.FeatureStore.Client(connection.transport)
        _ = try await client.applyDefinitions(
            AssayFeaturesV1.ApplyDefinitionsRequest(
                planHash: plan.planHash, files: try options.files(), pinned: options.pinned),
            options: connection.options(.seconds(60)))
        let line = LiveLine()
        while true {
            let status = try await client.listDefinitions(
                AssayFeaturesV1.ListDefinitionsRequest(onlyStatus: true),
                options: connection.options(.seconds(5)))
            guard let backfill = status.backfill, backfill.planHash == plan.planHash,
                backfill.phase != .done
            else { return status }
            guard backfill.phase != .stopped else {
                throw Complaint(
                    "the definitions before stay in force: \(backfill.problem)")
            }
            line.show(
                "\(backfill.phase): event \(backfill.replayed) of \(backfill.lastSequence),"
                    + " \(backfill.values) values of \(backfill.entities) entities compared")
            try await Task.sleep(for: line.interval)
        }
    }

    // MARK: The lock

    private func lock() throws {
        let (found, after) = try options.plan()
        guard found.hash.hexadecimal == plan else {
            throw Complaint(
                "the plan is \(found.hash.hexadecimal) by now: something has changed since; read"
                    + " it again")
        }
        guard !found.isRefused else {
            throw Complaint(
                found.refusals.map { "\($0.subject) \($0.text): \($0.refusal ?? "")" }
                    .joined(separator: "\n"))
        }
        try writeLock(after)
    }

    private func writeLock(_ after: DefinitionSet) throws {
        let sources = try DefinitionSources(folder: options.definitions)
        let lock = VectorLock(after, after: try sources.lock())
        let path = "\(options.definitions)/\(VectorLock.fileName)"
        let file = try ReplacingFile(path)
        try file.write(Array(lock.text.utf8))
        try file.finish()
        print("\(path): \(after.vectors.count) vectors")
    }
}
