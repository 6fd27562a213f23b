import ArgumentParser
import AssayMessages
import Foundation
import Logging
import RiskCore
import Storage

/// Where the rules to start with are, and who may change them afterwards.
struct RuleOptions: ParsableArguments {
    @Option(
        help: """
            Folder with facts, reason codes, parameters, packs, lists and policies. It decides at the \
            first start; later what was applied last does.
            """)
    var rules = "deploy/rules"

    @Option(help: "Policy file; policy/default.yaml of the rules if not given.")
    var policy: String?

    @Option(help: "Parameter profile, instead of the one the rules name.")
    var profile: String?

    @Flag(help: "Take the folder's files whenever they change, unapproved: for development.")
    var reloadRules = false

    @Flag(help: "Apply proposals that nobody approved: for development.")
    var applyUnapproved = false

    @Option(
        help: ArgumentHelp(
            "Take the folder's files at this start whatever was applied before; kept in the log.",
            valueName: "reason"))
    var adoptRules: String?

    private var directory: URL { URL(filePath: rules) }

    /// Reads the folder and what decides beside it.
    func read() throws -> (folder: RuleFolder, compiler: RuleCompiler) {
        var isFolder = ObjCBool(false)
        guard FileManager.default.fileExists(atPath: rules, isDirectory: &isFolder),
            isFolder.boolValue
        else {
            throw ValidationError(
                "\(rules): there is no such folder of rules; say where it is with --rules DIR")
        }
        let policy = try policy.map {
            RuleSources.File(name: $0, text: try String(contentsOfFile: $0, encoding: .utf8))
        }
        return (
            try RuleFolder(directory: directory), RuleCompiler(profile: profile, policy: policy)
        )
    }

    /// Brings rules live, and says which ones where that is not the folder's.
    func open(
        _ folder: RuleFolder, _ compiler: RuleCompiler, _ store: any KeyValueStore,
        _ archive: RuleArchive, _ log: DecisionLog, build: String, _ logger: Logger
    ) async throws -> RuleAdministrator {
        var options = RuleAdministrator.Options()
        options.requiresApproval = !applyUnapproved
        options.build = build
        options.observe = { Self.log($0, logger) }
        let start: RuleAdministrator.Start =
            if let adoptRules {
                .folder(reason: adoptRules)
            } else {
                reloadRules ? .followingFolder : .kept
            }
        let administrator: RuleAdministrator
        do {
            administrator = try await RuleAdministrator.open(
                folder: folder, start: start, store: store, archive: archive, log: log,
                compiler: compiler,
                options: options, now: RiskSurroundings.system.now)
        } catch let failure as ConfigurationFailure {
            logger.error(
                "the rules do not load; --adopt-rules REASON starts with those of \(rules) instead")
            throw failure
        }
        if case .differs(let names) = administrator.comparison(with: folder) {
            let live = administrator.current
            let set = live.ruleSet.prefix(6).map { String($0, radix: 16) }.joined()
            logger.warning(
                """
                the folder \(rules) does not decide: \(live.proposalID.isEmpty ? "other files" : live.proposalID) \
                was applied since (generation \(live.generation), rule set \(set)…, by \
                \(live.appliedBy)). To bring the folder live: 'assay rules propose \(rules)', or start \
                once with --adopt-rules REASON
                """,
                metadata: ["differ": "\(names.prefix(20).joined(separator: ", "))"])
        }
        return administrator
    }

    /// Says each step of a change; what one person does alone, and what is refused, as a warning.
    private static func log(_ change: AssayRiskV1.ChangeRecord, _ logger: Logger) {
        let isOdd =
            change.breakGlass || change.kind == "rules.review_refused"
            || change.kind == "rules.reverted"
        logger.log(
            level: isOdd ? .warning : .info,
            "\(change.kind)\(change.breakGlass ? " by break_glass" : "")",
            metadata: [
                "proposal": "\(change.proposalID)", "actor": "\(change.actor)",
                "reason": "\(change.reason)", "ticket": "\(change.ticket)",
            ])
    }

    /// What goes on beside the calls: follows the folder if asked to, and takes back after a day
    /// what one person alone brought live.
    func watch(_ administrator: RuleAdministrator, _ logger: Logger) -> Task<Void, Never> {
        let directory = directory
        let reloadRules = reloadRules
        return Task {
            await withTaskGroup { group in
                if reloadRules {
                    group.addTask {
                        await Self.follow(directory, administrator, logger)
                    }
                }
                group.addTask { await Self.revert(administrator, logger) }
            }
        }
    }

    private static func follow(
        _ directory: URL, _ administrator: RuleAdministrator, _ logger: Logger
    ) async {
        await RuleFolderWatch(directory: directory, administrator: administrator).run(
            report: { failure in
                if let failure {
                    logger.error("the rules stay as they are: \(failure)")
                } else {
                    logger.info("rules changed: generation \(administrator.current.generation)")
                }
            },
            sleep: { try await Task.sleep(for: .milliseconds(250)) })
    }

    private static func revert(_ administrator: RuleAdministrator, _ logger: Logger) async {
        while !Task.isCancelled {
            do {
                try await administrator.revertIfDue()
            } catch {
                logger.error("rules could not go back to what was approved: \(error)")
            }
            try? await Task.sleep(for: .seconds(10))
        }
    }
}
