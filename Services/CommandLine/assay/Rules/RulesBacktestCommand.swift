import ArgumentParser
import AssayMessages
import Foundation
import RPC
import RiskCore
import Storage
import Wire

/// What a changed set of rules would have done.
struct RulesBacktestCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backtest",
        abstract: "Says what changed rules would have changed: for whom, and at what cost.",
        discussion: """
            Runs the rules of a folder over recorded decisions and holds them against the rules that \
            are live: which decisions would have another status, how much money is in them, what \
            each changed rule gains and loses. By default over the decisions of the running service, \
            beside its payments; with --stopped over the data folder of a service that does not \
            run; with --events over a file of events with facts, one JSON object a line:

              {"id": "t-1", "at": "2026-03-01T10:00:00Z", "subject": "customer-7",
               "facts": {"tx.amount": 12500, "vel.acct_cnt_1h": 6}, "label": "fraud"}

            Where events have labels (fraud or genuine), the report has precision and recall with 95 % \
            intervals, money stopped and money wrongly stopped.
            """)

    @OptionGroup var service: RulesOptions
    @Option(help: "Folder with the changed rules.") var rules: String
    @Option(help: "Only decisions made at or after this time, such as 2026-03-01T00:00:00Z.")
    var since: String?
    @Option(help: "Only decisions made before this time.") var until: String?
    @Option(help: "At most so many of the newest records of the log.") var last: UInt64 = 0
    @Option(help: "Policy file instead of the one of the rules.") var policy: String?
    @Option(help: "Decisions shown of each change of status, at most 20.") var examples = 10
    @Option(help: "Data folder of a stopped service: run over its decisions.") var stopped: String?
    @Option(help: "File of events with facts: run over these.") var events: String?
    @Option(
        help:
            "Folder of the rules to compare with, for --stopped and --events; deploy/rules if not given."
    )
    var base: String?
    @Option(help: "Whose decisions, for --stopped.") var tenant = "demo"
    @Option(help: "Threads, for --stopped and --events; all cores if not given.")
    var threads: Int?
    @Flag(help: "Also show rules that do not differ.") var all = false
    @Flag(help: "Print the report as JSON.") var json = false

    func validate() throws {
        guard stopped == nil || events == nil else {
            throw ValidationError("give --stopped or --events, not both")
        }
        guard (0...20).contains(examples) else { throw ValidationError("--examples is 0 to 20") }
        guard threads.map({ (1...64).contains($0) }) ?? true else {
            throw ValidationError("--threads is 1 to 64")
        }
        for time in [since, until].compactMap(\.self) where Self.time(time) == nil {
            throw ValidationError("'\(time)' is no time such as 2026-03-01T00:00:00Z")
        }
    }

    func run() async throws {
        let report: AssayRiskV1.BacktestReport
        var labels: BacktestLabels?
        if stopped != nil || events != nil {
            let result = try runHere()
            (report, labels) = (result.report, result.labels)
        } else {
            report = try await runThere()
        }
        if let problems = report.validation?.problems, !problems.isEmpty {
            for problem in problems {
                print("\(problem.file):\(problem.line):\(problem.column): \(problem.message)")
            }
            throw ExitCode(1)
        }
        if json {
            print(String(decoding: report.json(), as: UTF8.self))
        } else {
            let text = BacktestText(report: report, labels: labels, showsAllRules: all)
            for line in text.lines { print(line) }
        }
    }

    private static func time(_ text: String) -> Timestamp? {
        guard let date = try? Date(text, strategy: .iso8601) else { return nil }
        return Timestamp(seconds: Int64(date.timeIntervalSince1970.rounded(.down)))
    }

    // MARK: In this process

    private func runHere() throws -> Backtest.Result {
        let live = try side(base ?? service.place.workspace.root + "/deploy/rules", policy: nil)
        let candidate = try side(rules, policy: policy)
        let backtest = Backtest(live: live, candidate: candidate, examples: examples)
        let threads = threads ?? ProcessInfo.processInfo.activeProcessorCount
        let progress = ProgressLine()
        defer { progress.end() }
        do {
            if let events {
                return try backtest.run(file: events, threads: threads, progress: progress.show)
            }
            return try run(backtest, threads, progress)
        } catch {
            if let failure = error as? ConfigurationFailure { throw Complaint(failure.description) }
            throw error
        }
    }

    private func run(
        _ backtest: Backtest, _ threads: Int, _ progress: ProgressLine
    ) throws -> Backtest.Result {
        let store = try openStore()
        defer { store.close() }
        let choice = BacktestChoice(
            tenant: tenant, since: since.flatMap(Self.time), until: until.flatMap(Self.time),
            last: last)
        return try backtest.run(
            over: store, archive: RuleArchive(store: store), choice: choice, threads: threads,
            progress: progress.show)
    }

    /// A folder that is not there must not be made.
    private func openStore() throws -> RocksDBStore {
        let stopped = stopped ?? ""
        let folders = [stopped, "\(stopped)/data/risk"]
        guard
            let folder = folders.first(where: {
                FileManager.default.fileExists(atPath: $0 + "/CURRENT")
            })
        else { throw Complaint("\(stopped) holds no decisions: expected \(stopped)/CURRENT") }
        do {
            return try RocksDBStore(directory: folder, families: RiskService.families)
        } catch {
            if error.code == .locked {
                throw Complaint(
                    "\(folder): a service has it open; stop it, or ask it without --stopped")
            }
            throw Complaint("\(folder) cannot be opened: \(error)")
        }
    }

    private func side(_ folder: String, policy: String?) throws -> BacktestSide {
        let compiled = try RulesFolder.compiled(try RulesFolder.read(folder), shown: folder)
        guard let policy else {
            return BacktestSide(rules: compiled.rules, policy: compiled.policy)
        }
        let text = try service.place.workspace.text(policy)
        do {
            return BacktestSide(rules: compiled.rules, policy: try Policy(yaml: text, file: policy))
        } catch {
            throw Complaint("\(error)")
        }
    }

    // MARK: In the running service

    private func runThere() async throws -> AssayRiskV1.BacktestReport {
        try await service.call(deadline: .seconds(3_600), ask)
    }

    private func ask(
        _ client: AssayRiskV1.RuleAdministration.Client, _ options: CallOptions
    ) async throws -> AssayRiskV1.BacktestReport {
        let live = try await client.listRuleFiles(
            AssayRiskV1.ListRuleFilesRequest(), options: options)
        let files = try RulesFolder.changes([rules], from: RuleFolder(live))
        let request = AssayRiskV1.BacktestRequest(
            files: files, since: since.flatMap(Self.time), until: until.flatMap(Self.time),
            last: last, examples: UInt32(examples),
            policy: try policy.map { try service.place.workspace.text($0) } ?? "")
        return try await client.backtest(request, options: options) { steps in
            try await Self.report(steps)
        }
    }

    private nonisolated(nonsending) static func report(
        _ steps: ReplyStream<AssayRiskV1.BacktestProgress>
    ) async throws -> AssayRiskV1.BacktestReport {
        let progress = ProgressLine()
        defer { progress.end() }
        for try await step in steps {
            if let report = step.report { return report }
            _ = progress.show(step.done, step.total)
        }
        throw Complaint("the service ended without a report")
    }
}
