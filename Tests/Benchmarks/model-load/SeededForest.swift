import AssayMessages
import Inference

/// An XGBoost model of full trees from a seed, and rows for it: the same on every machine.
struct SeededForest {
    let trees: Int
    let depth: Int
    let inputs: Int
    /// Another seed is another model.
    let seed: UInt64

    /// Golden rows that the alias "champion" asks for.
    private static let goldenRowCount = 32

    /// The file as the library would write it.
    var artifact: [UInt8] {
        var random = SplitMix(state: seed)
        let splits = 1 << depth - 1
        let nodes = 2 * splits + 1
        let left = (0..<nodes).map { $0 < splits ? "\(2 * $0 + 1)" : "-1" }.joined(separator: ",")
        let right = (0..<nodes).map { $0 < splits ? "\(2 * $0 + 2)" : "-1" }.joined(separator: ",")
        let zeros = [String](repeating: "0", count: nodes).joined(separator: ",")
        let cover = (0..<nodes).map { "\(nodes - $0)" }.joined(separator: ",")
        let all = (0..<trees).map { number in
            let indices = (0..<nodes).map { _ in "\(random.next() % UInt64(inputs))" }
            let values = (0..<nodes).map { node in
                "\(Float(random.number() * (node < splits ? 2 : 0.1)))"
            }
            let defaults = (0..<nodes).map { _ in "\(random.next() & 1)" }
            return """
                {"categories":[],"categories_nodes":[],"categories_segments":[],"categories_sizes":[],
                "default_left":[\(defaults.joined(separator: ","))],"id":\(number),
                "left_children":[\(left)],"right_children":[\(right)],
                "split_conditions":[\(values.joined(separator: ","))],
                "split_indices":[\(indices.joined(separator: ","))],"split_type":[\(zeros)],
                "sum_hessian":[\(cover)],"tree_param":{"num_deleted":"0","num_feature":"\(inputs)",
                "num_nodes":"\(nodes)","size_leaf_vector":"1"}}
                """
        }
        let rounds = (0...trees).map(String.init).joined(separator: ",")
        let outputs = [String](repeating: "0", count: trees).joined(separator: ",")
        return Array(
            """
            {"learner":{"attributes":{},"feature_names":[\(names.map { "\"\($0)\"" }.joined(separator: ","))],
            "feature_types":[],"gradient_booster":{"model":{"gbtree_model_param":{"num_parallel_tree":"1",
            "num_trees":"\(trees)"},"iteration_indptr":[\(rounds)],"tree_info":[\(outputs)],
            "trees":[\(all.joined(separator: ",\n"))]},"name":"gbtree"},"learner_model_param":{
            "base_score":"[5E-1]","num_class":"0","num_feature":"\(inputs)","num_target":"1"},
            "objective":{"name":"binary:logistic"}},"version":[3,2,0]}
            """.utf8)
    }

    private var names: [String] { (0..<inputs).map { "input_\($0)" } }

    /// - Parameter artifact: of this model.
    func manifest(_ artifact: [UInt8]) throws -> AssayModelsV1.Manifest {
        let model = try TreeModel(artifact)
        return AssayModelsV1.Manifest(
            purpose: "benchmark", library: "seed \(seed)",
            inputs: names.map { .init(name: $0, kind: .number, nullable: true) },
            goldenRows: rows(Self.goldenRowCount).map { row in
                .init(values: row, margin: model.margins(row.map { Float($0) }).map(Double.init))
            })
    }

    /// Rows with 5 % of their values missing.
    func rows(_ count: Int) -> [[Double]] {
        var random = SplitMix(state: 42)
        return (0..<count).map { _ in
            (0..<inputs).map { _ in
                let value = Double(Float(random.number() * 2))
                return random.next() % 20 == 0 ? .nan : value
            }
        }
    }
}

/// SplitMix64.
struct SplitMix {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }

    /// From -1 to 1.
    mutating func number() -> Double { Double(next() >> 11) * 0x1p-52 - 1 }
}
