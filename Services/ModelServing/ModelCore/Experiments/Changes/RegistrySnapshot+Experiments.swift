internal import AssayMessages
internal import RPC

extension RegistrySnapshot {
    /// Every experiment, also those that have ended, by name.
    var experiments: [AssayModelsV1.ExperimentRecord] {
        models.values.flatMap(\.experiments.values).sorted {
            $0.experiment.specification.experiment < $1.experiment.specification.experiment
        }
    }

    /// How many experiments are in each state, by its name.
    public var experimentCounts: [(state: String, count: Int)] {
        Dictionary(grouping: experiments, by: { "\($0.experiment.state)" })
            .map { ($0.key, $0.value.count) }.sorted { $0.0 < $1.0 }
    }

    func experiment(_ name: String) throws(RPCError) -> AssayModelsV1.ExperimentRecord {
        for model in models.values {
            if let record = model.experiments[name] { return record }
        }
        let names = models.values.flatMap(\.experiments.keys)
        throw RPCError(
            .notFound, "no experiment \"\(name)\"\(NearNames.hint(name, among: names))",
            reason: "experiment_unknown")
    }
}
