public import AssayMessages

/// What must hold between an experiment's file and what is there already.
public struct ExperimentRules: Sendable {
    /// An experiment as far as others have to respect it.
    public struct Neighbour: Sendable {
        public var specification: AssayModelsV1.ExperimentSpecification
        /// Where it was read, if from a file beside this one.
        public var file: String?

        public init(_ specification: AssayModelsV1.ExperimentSpecification, file: String? = nil) {
            self.specification = specification
            self.file = file
        }

        var name: String {
            "experiment \"\(specification.experiment)\"" + (file.map { " (\($0))" } ?? "")
        }
    }

    /// Problems between the file and the other experiments that run, or are to run.
    public static func problems(
        of file: ExperimentFile, beside neighbours: [Neighbour]
    ) -> [FileProblem] {
        let own = file.specification
        var problems: [FileProblem] = []
        for other in neighbours {
            let theirs = other.specification
            if theirs.experiment == own.experiment {
                problems.append(
                    file.places.problem("experiment", "\(other.name) has the same name"))
                continue
            }
            if theirs.layer == own.layer {
                let first = max(theirs.slots.from, own.slots.from)
                let last = min(theirs.slots.to, own.slots.to)
                if first < last {
                    problems.append(
                        file.places.problem(
                            "slots",
                            "\(own.slots.from) to \(own.slots.to) overlaps \(other.name) in the "
                                + "layer \"\(own.layer)\", which has \(theirs.slots.from) to "
                                + "\(theirs.slots.to): both would have \(first) to \(last)"))
                }
            } else if theirs.model == own.model, theirs.alias == own.alias {
                problems.append(
                    file.places.problem(
                        "layer",
                        "\(other.name) is on \(own.model)@\(own.alias) too, but in the layer "
                            + "\"\(theirs.layer)\": one call would have two versions; use one layer"
                    ))
            }
        }
        let running = Set(neighbours.map(\.specification.experiment)).union([own.experiment])
        if running.count > ExperimentLimits.runningExperiments {
            problems.append(
                file.places.problem(
                    "experiment",
                    "\(running.count) experiments would run; there may be "
                        + "\(ExperimentLimits.runningExperiments)"))
        }
        return problems
    }

    /// Holdouts that the file names and nobody knows.
    public static func problems(
        of file: ExperimentFile, holdouts known: some Collection<String>, near others: [String] = []
    ) -> [FileProblem] {
        file.specification.holdouts.filter { !known.contains($0) }.map { name in
            file.places.problem(
                "holdouts",
                "no holdout \"\(name)\"\(NearNames.hint(name, among: known + others)); apply its file first"
            )
        }
    }
}
