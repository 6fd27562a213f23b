package import AssayMessages
package import RuleLanguage
internal import Statistics

/// The experiments in force, ready to put units into arms. Pure: the table and the call decide.
package struct AssignmentTable: Sendable {
    private let experiments: [CompiledExperiment]
    /// Positions of the experiments on a model's alias, by name of the experiment.
    private let byTraffic: [String: [Int]]

    static let empty = AssignmentTable()

    private init() { (experiments, byTraffic) = ([], [:]) }

    /// - Parameter holdouts: share of each holdout, in basis points.
    /// - Throws: if a targeting does not compile, which was checked when it was applied.
    package init(
        _ running: [RunningExperiment], holdouts: [String: UInt32] = [:]
    ) throws(CompilationFailure) {
        var layers: [String: Int] = [:]
        var holdoutNumbers: [String: Int] = [:]
        var compiled: [CompiledExperiment] = []
        for experiment in running.sorted(by: {
            $0.specification.experiment < $1.specification.experiment
        }) {
            let layer = experiment.specification.layer
            let number = layers[layer, default: layers.count]
            layers[layer] = number
            let held = experiment.specification.holdouts.map { name in
                let number = holdoutNumbers[name, default: holdoutNumbers.count]
                holdoutNumbers[name] = number
                return CompiledExperiment.Holdout(
                    number: number, share: Int(holdouts[name] ?? 0),
                    draw: BucketDraw(.holdout, seed: name))
            }
            compiled.append(try CompiledExperiment(experiment, layer: number, holdouts: held))
        }
        experiments = compiled
        byTraffic = Dictionary(
            grouping: compiled.indices, by: { compiled[$0].traffic })
    }

    var isEmpty: Bool { experiments.isEmpty }

    /// The version of an experiment's control; nil if there is no such experiment.
    func control(of experiment: String) -> UInt32? {
        experiments.first { $0.name == experiment }?.controlVersion
    }

    /// Names of the experiments on a model's alias, sorted.
    func names(on traffic: String) -> [String] {
        (byTraffic[traffic] ?? []).map { experiments[$0].name }
    }

    /// What key an alias of a model has in the table.
    package static func traffic(_ model: String, _ alias: String) -> String { "\(model)@\(alias)" }

    /// Every experiment on a model's alias with the arm of this call, or why it has none; by name of
    /// the experiment.
    ///
    /// - Parameter undecided: gets the names of experiments whose targeting erred.
    package func assign(
        _ call: AssignmentCall, to traffic: String, undecided: inout [String]
    ) -> [AssayModelsV1.Assignment] {
        guard let positions = byTraffic[traffic] else { return [] }
        return assign(call, positions, &undecided)
    }

    /// Every experiment, of all models.
    package func assign(
        _ call: AssignmentCall, undecided: inout [String]
    ) -> [AssayModelsV1.Assignment] {
        assign(call, Array(experiments.indices), &undecided)
    }

    private func assign(
        _ call: AssignmentCall, _ positions: [Int], _ undecided: inout [String]
    ) -> [AssayModelsV1.Assignment] {
        var draws = SharedDraws()
        return positions.map { experiments[$0].assign(call, &draws, &undecided) }
    }
}

/// Buckets of layers and holdouts that one call has drawn already: a layer is drawn once for each
/// kind of unit, however many experiments it has.
struct SharedDraws {
    private struct Draw {
        var number: Int
        var kind: String
        var bucket: Int
    }

    private var layers: [Draw] = []
    private var holdouts: [Draw] = []

    mutating func layer(_ number: Int, _ kind: String, _ draw: () -> Int) -> Int {
        Self.bucket(&layers, number, kind, draw)
    }

    mutating func holdout(_ number: Int, _ kind: String, _ draw: () -> Int) -> Int {
        Self.bucket(&holdouts, number, kind, draw)
    }

    private static func bucket(
        _ draws: inout [Draw], _ number: Int, _ kind: String, _ draw: () -> Int
    ) -> Int {
        if let known = draws.first(where: { $0.number == number && $0.kind == kind }) {
            return known.bucket
        }
        let bucket = draw()
        draws.append(Draw(number: number, kind: kind, bucket: bucket))
        return bucket
    }
}
