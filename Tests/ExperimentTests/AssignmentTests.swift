import AssayMessages
import Statistics
import Testing
import Wire

@testable import ModelCore

@Suite struct AssignmentTests {
    /// The sample, with all units in its slot and allocated, unless said otherwise.
    private func table(
        _ changes: (String, String)..., state: RunningExperiment.State = .drawing,
        allocation: UInt32 = 10_000, holdout: UInt32 = 0, secret: [UInt8] = [1, 2, 3]
    ) throws -> AssignmentTable {
        var text = ExperimentSample.text.replacing("to: 4000", with: "to: 10000")
        for change in changes { text = text.replacing(change.0, with: change.1) }
        let file = try ExperimentFile(yaml: text, name: "x.yaml")
        return try AssignmentTable(
            [
                RunningExperiment(
                    file.specification, state: state, allocation: allocation, secret: secret)
            ], holdouts: ["bank-2027": holdout])
    }

    private func call(
        _ unit: String = "c-1001", kind: String = "customer", channel: String = "ecommerce"
    ) -> AssignmentCall {
        AssignmentCall(
            subjects: [kind: unit],
            attributes: ["channel": .text(channel), "amount.currency": .text("EUR")])
    }

    private func assign(
        _ table: AssignmentTable, _ call: AssignmentCall
    ) -> AssayModelsV1.Assignment {
        var undecided: [String] = []
        let found = table.assign(call, to: "fraud-card@champion", undecided: &undecided)
        return found.count == 1 ? found[0] : AssayModelsV1.Assignment()
    }

    @Test("the published vectors decide: bucket 257294 of allocation, 941461 of the arm")
    func publishedVectors() throws {
        let found = assign(try table(), call())
        #expect(found.reason == .assigned)
        #expect(found.layerBucket == 671_703)
        #expect(found.allocationBucket == 257_294)
        #expect(found.armBucket == 941_461)
        #expect(found.unitHash == 0xF103_9928_4F3A_CE18)
        #expect(found.arm == "challenger")
        #expect(found.version == 18)
        #expect(found.propensity == 0.5)
        #expect(found.unitKind == "customer")
    }

    @Test("the exits come in their order, each with its reason")
    func exits() throws {
        #expect(assign(try table(state: .stopped), call()).reason == .notRunning)
        #expect(assign(try table(), call("", kind: "customer")).reason == .noUnit)
        #expect(assign(try table(), AssignmentCall()).reason == .noUnit)
        var forced = call("c-1", channel: "pos")
        forced.forced = .init(experiment: "card-challenger", arm: "control")
        #expect(assign(try table(allocation: 0, holdout: 10_000), forced).reason == .forced)
        let overridden = assign(try table(allocation: 0), call("qa-customer-1", channel: "pos"))
        #expect(overridden.reason == .overridden)
        #expect(overridden.arm == "challenger")
        let pos = call(channel: "pos")
        #expect(assign(try table(holdout: 10_000), pos).reason == .notTargeted)
        #expect(assign(try table(holdout: 10_000), call()).reason == .holdout)
        let outside = try table(("to: 10000", "to: 6717"), allocation: 0)
        #expect(assign(outside, call()).reason == .outsideSlot)
        #expect(assign(try table(allocation: 0), call()).reason == .notAllocated)
        #expect(assign(try table(), call()).reason == .assigned)
    }

    @Test("a bucket on the edge of slot, allocation and holdout falls to the right side")
    func edges() throws {
        // Layer bucket 671,703: basis point 6,717 is 671,700 to 671,799.
        #expect(assign(try table(("to: 10000", "to: 6718")), call()).reason == .assigned)
        #expect(
            assign(try table(("from: 0", "from: 6717")), call()).reason == .assigned)
        #expect(
            assign(try table(("from: 0", "from: 6718")), call()).reason == .outsideSlot)
        // Allocation bucket 257,294.
        #expect(assign(try table(allocation: 2_573), call()).reason == .assigned)
        #expect(assign(try table(allocation: 2_572), call()).reason == .notAllocated)
        // Holdout bucket 495,437.
        #expect(assign(try table(holdout: 4_954), call()).reason == .assigned)
        #expect(assign(try table(holdout: 4_955), call()).reason == .holdout)
    }

    @Test("weights of zero, and arms in their order, share out the buckets")
    func weights() throws {
        let arms = """
            arms: [{name: control, version: 17, weight: 9414, control: true}, \
            {name: none, version: 19, weight: 0}, {name: challenger, version: 18, weight: 586}]
            """
        let old = """
            arms: [{name: control, version: 17, weight: 5000, control: true}, \
            {name: challenger, version: 18, weight: 5000}]
            """
        // Arm bucket 941,461 is behind 941,400.
        #expect(assign(try table((old, arms)), call()).arm == "challenger")
        let wider = arms.replacing("9414", with: "9415").replacing("586", with: "585")
        #expect(assign(try table((old, wider)), call()).arm == "control")
    }

    @Test("an override is of the unit's bytes: a text that only looks alike is another unit")
    func overrideBytes() throws {
        let table = try table(("qa-customer-1", "\u{E9}"))
        #expect(assign(table, call("\u{E9}")).reason == .overridden)
        #expect(assign(table, call("e\u{301}")).reason == .assigned)
    }

    @Test("the fallback is drawn under its own kind, and marked")
    func fallback() throws {
        let found = assign(try table(), call("4711", kind: "card"))
        #expect(found.fallback)
        #expect(found.unitKind == "card")
        #expect(
            found.unitHash
                == Bucketing.hash(
                    purpose: .arm, seed: "card-challenger:1", kind: "card", unit: "4711"))
    }

    @Test("a stopped comparison sends every unit that takes part to control, forced ones too")
    func controlled() throws {
        var forced = call()
        forced.forced = .init(experiment: "card-challenger", arm: "challenger")
        for call in [call(), forced, call("qa-customer-1")] {
            let found = assign(try table(state: .controlled), call)
            #expect(found.reason == .controlled)
            #expect(found.arm == "control")
            #expect(found.version == 17)
            #expect(!found.isExposure)
        }
        #expect(
            assign(try table(state: .controlled, allocation: 0), call()).reason == .notAllocated)
        #expect(assign(try table(state: .controlled), AssignmentCall()).reason == .noUnit)
    }

    @Test("an attribute of another kind or a missing one is not targeted; an error is counted")
    func undecided() throws {
        func undecided(_ attributes: WireMap<String, AssayModelsV1.AttributeValue>) throws -> Int {
            var call = call()
            call.attributes = attributes
            var names: [String] = []
            let found = try table().assign(call, to: "fraud-card@champion", undecided: &names)
            #expect(found[0].reason == .notTargeted)
            return names.count
        }
        #expect(try undecided(["channel": .integer(3)]) == 1)
        #expect(try undecided(["channel": .text("ecommerce")]) == 0)
        #expect(try undecided([:]) == 0)
        #expect(try undecided(["channel": .text("pos")]) == 0)
    }

    @Test("a token keeps the arm and the unit, under another id too, and only a true one")
    func tokens() throws {
        let sticky = ("sticky: hash", "sticky: token")
        let table = try table(sticky)
        // c-1001 is in the challenger's half; find a unit of the control's.
        let first = assign(table, call())
        #expect(!first.token.isEmpty)
        let other = try #require(
            (0..<100).map { "c-\($0)" }.first { assign(table, call($0)).arm == "control" })
        var returning = call(other)
        returning.tokens = ["nonsense", first.token]
        let kept = assign(table, returning)
        #expect(kept.reason == .token)
        #expect(kept.arm == "challenger")
        #expect(kept.unitHash == first.unitHash)
        #expect(kept.token == first.token)

        let forgeries = [
            first.token.replacing("challenger", with: "control"), String(first.token.dropLast()),
            "", "....", String(repeating: "1.", count: 500),
            first.token.replacing("1.f1", with: "1.f2"),
        ]
        for forgery in forgeries {
            returning.tokens = [forgery]
            #expect(assign(table, returning).reason == .assigned, "\(forgery)")
        }
        returning.tokens = [first.token]
        let elsewhere = [
            try self.table(sticky, secret: [9]), try self.table(sticky, ("epoch: 1", "epoch: 2")),
            try self.table(sticky, ("card-challenger", "other-challenger")),
        ]
        for table in elsewhere { #expect(assign(table, returning).reason == .assigned) }
        #expect(assign(try self.table(), returning).token.isEmpty)
    }

    @Test("calls of other models and aliases meet no experiment")
    func traffic() throws {
        var undecided: [String] = []
        let table = try table()
        for traffic in ["fraud-card@next", "fraud@champion", "fraud-card", ""] {
            #expect(table.assign(call(), to: traffic, undecided: &undecided).isEmpty)
        }
        #expect(table.assign(call(), undecided: &undecided).count == 1)
        #expect(AssignmentTable.empty.assign(call(), undecided: &undecided).isEmpty)
    }
}
