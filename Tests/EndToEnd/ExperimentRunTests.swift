import Foundation
import TestSupport
import Testing

@Suite("An experiment, from its file to its end", .serialized, .timeLimit(.minutes(10)))
struct ExperimentRunTests {
    /// Units of each arm that the payments go on for: more than the guardrail needs.
    private static let unitsPerArm = 35

    @Test(
        "payments divide, facts arrive, a broken guardrail sends all to control, a rebuild agrees")
    func whole() async throws {
        var assay = try await AssayUnderTest()
        var trial = try ExperimentTrial(assay)
        try await trial.pushVersions()
        try await Self.apply(trial)
        let decided = try await Self.pay(trial)
        let met = decided.filter { $0.reason == "assigned" }
        for arm in ["control", "challenger"] {
            try #require(met.count { $0.arm == arm } >= 10, "\(decided)")
        }
        for one in met {
            #expect(one.version == (one.arm == "control" ? 1 : 2), "\(one)")
            #expect((one.status == "approved") == (one.arm == "control"), "\(one)")
        }
        try await Self.recordOutcomes(of: met, trial)

        // The facts come behind the decisions: nobody rebuilt anything.
        let state = try await trial.until(trial.experiment) { $0["state"]?.text == "controlled" }
        #expect(state["state"]?.text == "controlled", "\(state)")
        #expect(state["actor"]?.text == "assay-models/looks")
        let analysis = try await trial.json(["experiments", "analyze", "trial"])
        #expect(analysis["verdict"]?.text == "harm", "\(analysis)")
        #expect(analysis["guardrails"]?.items.first?["state"]?.text == "broken", "\(analysis)")
        let found = try #require(analysis["comparisons"]?.items.first?["control"])
        let frauds = met.count { $0.arm == "control" && Self.isFraud($0) }
        let units = try #require(found["units"]?.text.flatMap(Double.init))
        guard case .number(let mean)? = found["mean"] else {
            Issue.record("\(found)")
            return
        }
        #expect(Int((mean * units).rounded()) == frauds, "an outcome sent twice counts once")

        let later = try await trial.pay(0..<20, prefix: "later")
        for one in later where one.lacked.isEmpty {
            #expect(one.version == 1 && one.status == "approved", "\(one)")
            #expect(one.reason == "controlled", "\(one)")
        }

        // The same again from the sealed log, and in the next processes.
        let horizon = try #require(analysis["horizon"]?.text)
        let before = try await Self.analysis(trial, at: horizon)
        let unitsBefore = try await Self.units(trial)
        #expect(await assay.stop() == .exit(0))
        let log = try await Self.export(assay)
        assay = try await AssayUnderTest(in: assay.folder)
        trial = try ExperimentTrial(assay)
        #expect(try await Self.analysis(trial, at: horizon) == before, "after a restart")
        let rebuilt = try await assay.assay(["experiments", "rebuild", "--from-log", log])
        #expect(rebuilt.end == .exit(0), "\(rebuilt.errors)")
        #expect(rebuilt.output.contains(" 0 new facts"), "\(rebuilt.output)")
        if try await Self.units(trial) == unitsBefore {
            #expect(try await Self.analysis(trial, at: horizon) == before, "after a rebuild")
        } else {
            // A reply that came too late: its unit was exposed, and no decision says so.
            #expect(met.count < decided.count, "\(rebuilt.output)")
        }
        try await Self.end(trial)
        #expect(await assay.stop() == .exit(0))
    }

    @Test("what a killed model service missed is told again: every decision counts, once")
    func killed() async throws {
        let assay = try await AssayUnderTest()
        let trial = try ExperimentTrial(assay)
        try await trial.pushVersions()
        let file = ExperimentTrial.file().replacing(
            "on_guardrail: control", with: "on_guardrail: none")
        let applied = try await assay.assay([
            "experiments", "apply", "--yes", try trial.write(file),
        ])
        try #require(applied.end == .exit(0), "\(applied.errors)")
        var decided = try await Self.pay(trial)
        for round in 0..<3 {
            let pid = try #require(try await assay.serviceProcesses()["assay-models"])
            kill(pid, SIGKILL)
            // Payments go on without a model, and with it as soon as it is there again.
            let first = 1_000 * (round + 1)
            decided += try await trial.pay(first..<first + 30, prefix: "killed")
            try await trial.modelsAnswer()
        }
        let met = decided.filter { $0.reason == "assigned" }
        let approved = ["control", "challenger"].map { arm in
            met.count { $0.arm == arm && $0.status == "approved" }
        }
        func means(_ analysis: JSONValue) -> [Int] {
            let found = analysis["comparisons"]?.items.first { $0["metric"]?.text == "approved" }
            return [found?["control"], found?["treatment"]].map { arm in
                guard case .number(let mean)? = arm?["mean"], let units = arm?["units"]?.text
                else { return -1 }
                return Int((mean * (Double(units) ?? 0)).rounded())
            }
        }
        let analysis = try await trial.until(
            { try await trial.json(["experiments", "analyze", "trial"]) },
            holds: { means($0) == approved })
        #expect(means(analysis) == approved, "\(met.count) decisions: \(analysis)")
        let arms = analysis["arms"]?.items.compactMap { $0["units"]?.text.flatMap(Int.init) } ?? []
        #expect(arms.reduce(0, +) >= met.count, "\(analysis)")
        #expect(await assay.stop() == .exit(0))
    }

    @Test("a folder of files waits for its versions, and is in force when they are there")
    func folder() async throws {
        let folder = try TemporaryDirectory()
        _ = try folder.write(ExperimentTrial.file(), to: "experiments/trial.yaml")
        let assay = try await AssayUnderTest(
            in: folder, options: ["--experiments", "\(folder.path)/experiments"])
        let trial = try ExperimentTrial(assay)
        let none = try await assay.assay(["experiments", "status", "trial"])
        #expect(none.errors.contains("no experiment \"trial\""), "\(none.errors)")
        try await trial.pushVersions()
        let running = try await trial.until(
            { try await trial.json(["experiments", "status", "--all"]) },
            holds: { $0["experiments"]?.items.isEmpty == false })
        let found = try #require(running["experiments"]?.items.first, "\(running)")
        #expect(found["state"]?.text == "running" && found["actor"]?.text == "files", "\(found)")
        #expect(await assay.stop() == .exit(0))
    }

    // MARK: Steps

    /// Brings the file into force, and tries what must be refused from then on.
    private static func apply(_ trial: ExperimentTrial) async throws {
        let file = try trial.write(ExperimentTrial.file())
        let asked = try await trial.assay.assay(["experiments", "apply", file])
        #expect(asked.end == .exit(1) && asked.errors.contains("--yes"), "\(asked.errors)")
        let applied = try await trial.assay.assay(["experiments", "apply", file, "--yes"])
        try #require(applied.end == .exit(0), "\(applied.errors)")
        let again = try await trial.assay.assay(["experiments", "apply", file, "--yes"])
        #expect(again.end == .exit(0) && again.output.contains("nothing is to be applied"))

        let moved = try await trial.assay.assay([
            "models", "alias", "--model", ExperimentTrial.model, "--version", "2", "--reason",
            "try",
        ])
        #expect(moved.end == .exit(1) && moved.errors.contains("\"trial\""), "\(moved.errors)")

        let weights = try trial.write(
            ExperimentTrial.file(revision: 2, control: 6_000, challenger: 4_000), to: "weights.yaml"
        )
        let changed = try await trial.assay.assay(["experiments", "plan", "--running", weights])
        #expect(changed.end == .exit(1))
        #expect(
            changed.errors.contains("weights.yaml:13:3: arms: fixed within an epoch"),
            "\(changed.errors)")
        let other = try trial.write(ExperimentTrial.file("other"), to: "other.yaml")
        let overlap = try await trial.assay.assay(["experiments", "plan", "--running", other])
        #expect(overlap.end == .exit(1))
        #expect(
            overlap.errors.contains(
                "other.yaml:10:8: slots: 0 to 10000 overlaps experiment \"trial\""),
            "\(overlap.errors)")
    }

    /// Customers pay, one after another, until each arm has its units, or a look has sent all to
    /// control. On a busy machine a call may miss its 50 ms: such a payment is decided without
    /// features or model, and meets nothing.
    private static func pay(_ trial: ExperimentTrial) async throws -> [ExperimentTrial.Decided] {
        var decided: [ExperimentTrial.Decided] = []
        for round in 0..<20 {
            decided += try await trial.pay(round * 20..<(round + 1) * 20, prefix: "first")
            let met = decided.filter { $0.reason == "assigned" }
            let least = ["control", "challenger"].map { arm in met.count { $0.arm == arm } }.min()
            if let least, least >= unitsPerArm { break }
            if decided.contains(where: { $0.reason == "controlled" }) { break }
        }
        return decided
    }

    private static func isFraud(_ one: ExperimentTrial.Decided) -> Bool { one.customer % 5 == 0 }

    /// Frauds by the ids of their decisions, sent twice.
    private static func recordOutcomes(
        of decided: [ExperimentTrial.Decided], _ trial: ExperimentTrial
    ) async throws {
        let frauds = decided.filter(isFraud)
        let lines = frauds.map {
            """
            {"id":"fraud-\($0.customer)","subject":{"decision":"\($0.id)"},\
            "name":"outcome.fraud","value":1,"observedAt":"\(Payments.now)"}
            """
        }
        let file = try trial.write(lines.joined(separator: "\n") + "\n", to: "outcomes.jsonl")
        let first = try await trial.assay.assay(["experiments", "record", file])
        #expect(first.end == .exit(0), "\(first.errors)")
        #expect(first.output.contains("\(frauds.count) recorded, 0 known"), "\(first.output)")
        let second = try await trial.assay.assay(["experiments", "record", file])
        #expect(
            second.output.contains("0 recorded, \(frauds.count) known already"), "\(second.output)")
    }

    private static func analysis(_ trial: ExperimentTrial, at time: String) async throws -> String {
        let asked = try await trial.assay.assay([
            "experiments", "analyze", "trial", "--as-of", time, "--json",
        ])
        try #require(asked.end == .exit(0), "\(asked.errors)")
        return asked.output
    }

    private static func units(_ trial: ExperimentTrial) async throws -> [JSONValue] {
        try await trial.experiment()["arms"]?.items ?? []
    }

    /// The decision log of a stopped service, proven.
    private static func export(_ assay: AssayUnderTest) async throws -> String {
        let program = try #require(PackageLayout.executable("assay-risk"))
        let file = try assay.folder.path("decisions.log")
        let folder = "\(assay.folder.path)/data/risk"
        let proven = try await ChildProcess.run(
            program, ["--verify-log", folder, "--export", file])
        try #require(proven.end == .exit(0), "\(proven.output)\(proven.errors)")
        #expect(proven.output.contains("the log is whole"))
        return file
    }

    /// Stops it: the alias is free again, and the history says who did what.
    private static func end(_ trial: ExperimentTrial) async throws {
        let stopped = try await trial.assay.assay([
            "experiments", "stop", "trial", "--reason", "the test is over",
        ])
        #expect(stopped.end == .exit(0), "\(stopped.errors)")
        let moved = try await trial.assay.assay([
            "models", "alias", "--model", ExperimentTrial.model, "--version", "2", "--reason",
            "try",
        ])
        #expect(moved.end == .exit(0), "\(moved.errors)")
        let history = try await trial.assay.assay([
            "models", "history", "--model", ExperimentTrial.model,
        ])
        #expect(history.output.contains("the test is over"), "\(history.output)")
        #expect(
            history.output.contains(
                "experiment trial: controlled, revision 1, epoch 1, allocation 10000  "
                    + "by assay-models/looks"), "\(history.output)")
    }

    @Test("a plan says every mistake with its line and column, and what was meant")
    func plan() async throws {
        let folder = try TemporaryDirectory()
        let program = try #require(PackageLayout.executable("assay"))
        let cases: [(text: String, problem: String)] = [
            (
                ExperimentTrial.file(challenger: 4_000),
                ":13:3: arms: weights are basis points and add up to 10000, found 5000 + 4000 = 9000"
            ),
            (
                ExperimentTrial.file(targeting: "chanel == \"web\""),
                "unknown attribute 'chanel'; nearest are channel"
            ),
            (ExperimentTrial.file(slots: "{from: 4000, to: 4000}"), ":10:8: slots"),
            (
                ExperimentTrial.file().replacing("allocation", with: "alocation"),
                "did you mean \"allocation\"?"
            ),
            ("", ":1:1: the file is empty"), ("- 1\n- 2\n", "an experiment"), ("a: [1, {", ":2:1:"),
        ]
        for (number, (text, problem)) in cases.enumerated() {
            let file = try folder.write(text, to: "case-\(number).yaml")
            let planned = try await ChildProcess.run(program, ["experiments", "plan", file])
            #expect(planned.end == .exit(1), "\(text)")
            let said = planned.output + planned.errors
            #expect(said.contains(problem) && said.contains("case-\(number).yaml"), "\(said)")
        }
        _ = try folder.write(
            ExperimentTrial.file("first", slots: "{from: 0, to: 4000}"), to: "two/first.yaml")
        _ = try folder.write(
            ExperimentTrial.file("second", slots: "{from: 3000, to: 6000}"), to: "two/second.yaml")
        let both = try await ChildProcess.run(
            program, ["experiments", "plan", "\(folder.path)/two"])
        #expect(both.end == .exit(1))
        #expect((both.output + both.errors).contains("overlaps experiment \"first\""))
        let none = try await ChildProcess.run(
            program, ["experiments", "plan", "\(folder.path)/nothing.yaml"])
        #expect(none.errors.contains("there is no such file"), "\(none.errors)")
    }
}
