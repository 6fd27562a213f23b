import ArgumentParser
import FeatureCore
import FeatureEngine

/// What is compared with what.
struct PlanOptions: ParsableArguments {
    @Option(help: "Folder of definition files.") var definitions: String
    @Option(
        help: """
            Folder with the definitions that are in use, such as a checkout of what is released; \
            without it there are none.
            """)
    var against: String?
    @Option(help: "NAME@VERSION of a vector that a live model pins; may be repeated.")
    var pinned: [String] = []

    func plan() throws -> (plan: DefinitionPlan, after: DefinitionSet) {
        let after = try DefinitionFolder.load(definitions)
        let before = try against.map { try DefinitionFolder.load($0) }
        return (DefinitionPlan(from: before, to: after, pinned: Set(pinned)), after)
    }
}

/// Says what it takes to go from one folder of definitions to another.
struct FeaturesPlanCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Says what a change of definitions means, before anything happens.",
        discussion: """
            Changes are of five classes: note (names, descriptions, reference data), free (a \
            feature or vector over what is kept already), grow (states keep more), remove, and \
            change, which is refused: what means something else takes a new name. With --running or \
            --address the definitions are compared with those that a store has in force.
            """)

    @OptionGroup var options: PlanOptions
    @OptionGroup(title: "A running store") var running: RunningStoreOptions
    @Option(help: "Entity events in the log, to say how long making states anew takes.")
    var logged: Int?
    @Flag(help: "Fail if a change is refused, or vectors.lock is not up to date: for CI.")
    var check = false

    func run() async throws {
        if running.isAsked {
            let plan = try await running.plan(options)
            for line in plan.text { print(line) }
            let refused = plan.changes.count { !$0.refusal.isEmpty }
            print(
                "\n\(NextStep(changes: plan.changes.count, refused: refused, plan: plan.planHash))")
            if check { try plan.complainIfRefused() }
            return
        }
        let (plan, after) = try options.plan()
        for line in plan.lines(logged: logged) { print(line) }
        print(
            "\n\(NextStep(changes: plan.changes.count, refused: plan.refusals.count, plan: plan.hash))"
        )
        guard check else { return }
        var complaints: [String] = []
        if plan.isRefused { complaints.append("\(plan.refusals.count) changes are refused") }
        let lock = try DefinitionSources(folder: options.definitions).lock()
        let missing = after.vectors.map { "\($0.name)@\($0.version)" }
            .filter { lock.fingerprints[$0] == nil }
        if !missing.isEmpty {
            complaints.append(
                "vectors.lock has no \(missing.joined(separator: ", ")): apply writes it")
        }
        guard complaints.isEmpty else { throw Complaint(complaints.joined(separator: "\n")) }
    }
}

/// What is to be done with a plan that was read.
enum NextStep: Equatable, CustomStringConvertible {
    case nothing
    case refused
    case apply(plan: [UInt8])

    init(changes: Int, refused: Int, plan: [UInt8]) {
        self = changes == 0 ? .nothing : refused > 0 ? .refused : .apply(plan: plan)
    }

    var description: String {
        switch self {
        case .nothing: "nothing is to be applied"
        case .refused: "nothing can be applied while a change is refused"
        case .apply(let plan): "to apply: assay features apply --plan \(plan.hexadecimal) …"
        }
    }
}

extension [UInt8] {
    var hexadecimal: String {
        map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }
}
