import AssayMessages
import Testing
import Wire

@testable import ModelCore

@Suite struct ExperimentPlannerTests {
    private typealias Facts = ExperimentPlanner.ModelFacts

    private let noon = Timestamp(nanosecondsSinceEpoch: 1_800_000_000_000_000_000)

    /// The sample's model, at version 17 on champion.
    private func standing() -> ExperimentPlanner.Standing {
        var versions: [UInt32: Facts.Version] = [:]
        for number: UInt32 in 1...18 { versions[number] = .init() }
        return .init(
            holdouts: ["bank-2027": 100],
            model: Facts(aliases: ["champion": 17], versionCount: 18, versions: versions),
            modelNames: ["fraud-card", "credit"])
    }

    private func planner(
        _ standing: ExperimentPlanner.Standing, _ changes: [(String, String)] = []
    ) throws -> ExperimentPlanner {
        var text = ExperimentSample.text
        for (old, new) in changes { text = text.replacing(old, with: new) }
        return ExperimentPlanner(
            file: try ExperimentFile(yaml: text, name: "x.yaml"), standing: standing)
    }

    private func problems(
        _ standing: ExperimentPlanner.Standing, _ changes: (String, String)...
    ) throws -> [String] {
        let (plan, after) = try planner(standing, changes).plan(at: noon, by: "me", reason: "")
        #expect((after == nil) == !plan.problems.isEmpty)
        return plan.problems.map { "\($0.line):\($0.column): \($0.message)" }
    }

    /// In force since noon.
    private func applied(_ changes: (String, String)...) throws -> ExperimentPlanner.Standing {
        var standing = standing()
        let (_, after) = try planner(standing, changes).plan(at: noon, by: "me", reason: "")
        let applied: AssayModelsV1.Experiment = try #require(after)
        standing.present = applied
        return standing
    }

    @Test("a new experiment runs from its first step on")
    func new() throws {
        let after = try #require(try applied().present)
        #expect(after.state == .running)
        #expect(after.allocation == 500)
        #expect(after.rampStep == 2)
        #expect(after.epochSince == noon)
    }

    @Test("what is in force already is nothing to do")
    func unchanged() throws {
        let (plan, after) = try planner(applied()).plan(at: noon, by: "me", reason: "")
        #expect(plan.unchanged && after == nil && plan.problems.isEmpty)
    }

    @Test("the revision grows by one at every change")
    func revision() throws {
        let standing = try applied()
        #expect(
            try problems(standing, ("owner: fraud", "owner: other")) == [
                "2:11: revision: 3 is applied, so the next is 4, not 3"
            ])
        #expect(
            try problems(standing, ("owner: fraud", "owner: other"), ("revision: 3", "revision: 4"))
                .isEmpty)
        #expect(try problems(standing, ("revision: 3", "revision: 5")).count == 1)
    }

    @Test("within an epoch arms, targeting, unit, slots and layer are fixed, with the place named")
    func fixed() throws {
        let standing = try applied()
        let four = ("revision: 3", "revision: 4")
        let cases: [(String, String, String)] = [
            ("version: 18, weight", "version: 16, weight", "13:7: arms: fixed within an epoch"),
            (" == \"ecommerce\"", " == \"pos\"", "14:12: targeting: fixed within an epoch"),
            ("unit: customer", "unit: account", "8:7: unit: fixed within an epoch"),
            (
                "to: 4000", "to: 5000",
                "11:8: slots: fixed within an epoch: 0 to 4000, not 0 to 5000"
            ),
            ("sticky: hash", "sticky: token", "17:9: sticky: fixed within an epoch"),
            ("alpha: 0.05", "alpha: 0.1", "26:11: analysis: fixed within an epoch"),
            ("maturity: 30d", "maturity: 1d", "19:3: metrics: fixed within an epoch"),
        ]
        for (old, new, expected) in cases {
            let found = try problems(standing, four, (old, new))
            #expect(found.count == 1 && found[0].hasPrefix(expected), "\(found)")
            #expect(try problems(standing, four, ("epoch: 1", "epoch: 2"), (old, new)).isEmpty)
        }
        for (old, new) in [
            ("worst: 300", "worst: 400"), ("hold: 72h", "hold: 71h"),
            ("look_every: 1h", "look_every: 2h"),
            ("on_srm: halt", "on_srm: none"), ("arm: challenger}]", "arm: control}]"),
        ] {
            #expect(try problems(standing, four, (old, new)).isEmpty, "\(old)")
        }
    }

    @Test("an epoch stays or grows by one, and after the end only a new one begins")
    func epochs() throws {
        var standing = try applied()
        let four = ("revision: 3", "revision: 4")
        #expect(
            try problems(standing, four, ("epoch: 1", "epoch: 3"))[0].hasPrefix(
                "3:8: epoch: 1 is applied"))
        standing.present?.state = .stopped
        #expect(
            try problems(standing, four).contains(
                "3:8: epoch: the experiment has ended; 2 begins a new one"))
        #expect(try problems(standing, four, ("epoch: 1", "epoch: 2")).isEmpty)
    }

    @Test("versions that do not exist, may not be served or take another vector are refused")
    func versions() throws {
        var standing = standing()
        #expect(
            try problems(standing, ("version: 18", "version: 19")) == [
                "13:95: arms[1].version: fraud-card has versions 1 to 18, not 19"
            ])
        standing.model?.versions[18]?.refusal = "it is suspended"
        #expect(
            try problems(standing) == [
                "13:95: arms[1].version: version 18 may not be served: it is suspended"
            ])
        standing.model?.versions[18] = .init(vector: 2, vectorName: "card@2")
        standing.model?.versions[17] = .init(vector: 1, vectorName: "card@1")
        #expect(
            try problems(standing) == [
                "13:95: arms[1].version: version 18 takes card@2, callers of fraud-card@champion "
                    + "send card@1"
            ])
    }

    @Test("models, aliases and holdouts that nobody knows are refused, with names near them")
    func unknown() throws {
        let standing = standing()
        var without = standing
        without.model = nil
        #expect(
            try problems(without, ("model: fraud-card", "model: fraud-cart")) == [
                "6:8: model: no model \"fraud-cart\"; did you mean \"fraud-card\"?"
            ])
        #expect(
            try problems(standing, ("alias: champion", "alias: champions")) == [
                "7:8: alias: fraud-card has no alias \"champions\"; did you mean \"champion\"?"
            ])
        #expect(
            try problems(standing, ("[bank-2027]", "[bank-2028]")) == [
                "16:11: holdouts: no holdout \"bank-2028\"; did you mean \"bank-2027\"?; apply its "
                    + "file first"
            ])
    }

    @Test("slots overlap nobody's, and one alias has one layer")
    func neighbours() throws {
        var standing = standing()
        var other = try ExperimentSample.file(("card-challenger", "other")).specification
        other.slots = .init(from: 3_999, to: 5_000)
        standing.neighbours = [other]
        #expect(
            try problems(standing)[0].hasPrefix(
                "11:8: slots: 0 to 4000 overlaps experiment \"other\" in the layer "
                    + "\"card-authorisation\", which has 3999 to 5000: both would have 3999 to 4000"
            ))
        standing.neighbours[0].slots.from = 4_000
        #expect(try problems(standing).isEmpty)
        standing.neighbours[0].layer = "elsewhere"
        #expect(try problems(standing)[0].hasPrefix("10:8: layer: experiment \"other\" is on"))
        standing.neighbours[0].alias = "next"
        #expect(try problems(standing).isEmpty)
    }

    @Test("a ramp that has moved on is not set back by a revision that does not speak of it")
    func rampStays() throws {
        var standing = try applied()
        standing.present?.allocation = 10_000
        standing.present?.rampStep = 3
        let four = ("revision: 3", "revision: 4")
        let kept = try planner(standing, [four, ("worst: 300", "worst: 200")])
            .plan(at: noon, by: "me", reason: "")
        #expect(kept.after?.allocation == 10_000)
        #expect(kept.after?.rampStep == 3)
        let back = try planner(standing, [four, ("allocation: 500\n", "allocation: 100\n")])
            .plan(at: noon, by: "me", reason: "")
        #expect(back.after?.allocation == 100)
        #expect(back.plan.notes == ["the allocation goes from 10000 to 100"])
        #expect(back.plan.changes == ["allocation: 500 → 100"])
    }

    @Test("a step of the ramp waits for its time and its units, and a halt for a person")
    func ramp() throws {
        var experiment = try #require(
            try applied(("allocation: 500\n", "allocation: 100\n")).present)
        func later(_ hours: Int64) -> Timestamp {
            Timestamp(seconds: noon.seconds + hours * 3_600) ?? noon
        }
        #expect(ExperimentRamp.next(experiment, units: 2_000, at: later(23)) == nil)
        #expect(ExperimentRamp.next(experiment, units: 1_999, at: later(24)) == nil)
        let next = try #require(ExperimentRamp.next(experiment, units: 2_000, at: later(24)))
        #expect(next.allocation == 500 && next.rampStep == 2 && next.stepSince == later(24))
        #expect(next.reason == "step 1 held 1 d with 2000 units")
        experiment.state = .halted
        #expect(ExperimentRamp.next(experiment, units: 2_000, at: later(24)) == nil)
        var last = next
        last.rampStep = 3
        #expect(ExperimentRamp.next(last, units: .max, at: later(10_000)) == nil)
        #expect(ExperimentRamp.next(next, units: .max, at: Timestamp.blank()) == nil)
    }

    @Test("states change along their ways alone")
    func transitions() throws {
        let states: [AssayModelsV1.ExperimentState] = [.running, .halted, .controlled, .stopped]
        var ways: [String] = []
        var experiment = try #require(try applied().present)
        for from in states {
            for to in states {
                experiment.state = from
                let moved = try? ExperimentTransition.move(
                    experiment, to: to, at: noon, by: "me", reason: "why")
                if moved != nil { ways.append("\(from) \(to)") }
            }
        }
        #expect(
            ways == [
                "running halted", "running controlled", "running stopped", "halted running",
                "halted controlled", "halted stopped", "controlled stopped",
            ])
    }
}
