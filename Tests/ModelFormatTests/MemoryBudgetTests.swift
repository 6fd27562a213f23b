import Inference
import ModelFixtures
import Testing

@Suite("Memory that a model file may take")
struct MemoryBudgetTests {
    private func refusal(_ bytes: [UInt8], _ limits: FormatLimits = FormatLimits()) -> String {
        do {
            _ = try ModelFile.load(bytes, LoadOptions(limits: limits))
            return "accepted"
        } catch { return "\(error)" }
    }

    @Test("a loader stops where its share of memory ends")
    func share() {
        var limits = FormatLimits()
        limits.heldBytes = 250
        let models: [(String, [UInt8])] = [
            ("xgboost", SmallModel().bytes), ("lightgbm", SmallLightGBM().bytes),
            (
                "forest",
                Array(#"{"trees":[{"left":[1,-1,-1],"right":[2,-1,-1],"feature":[0,0,0],"#.utf8)
                    + Array(
                        #""threshold":[1,0,0],"samples":[9,4,5],"value":[[0,0],[1,0],[0,1]]}]}"#
                            .utf8)
            ),
        ]
        for (name, bytes) in models {
            #expect(refusal(bytes) == "accepted", "\(name)")
            #expect(refusal(bytes, limits).contains("MiB of memory, too much"), "\(name)")
        }
    }

    @Test("a short file of many values is refused before they are held")
    func manyValues() {
        let empties = "{\"learner\":[" + String(repeating: "[],", count: 40_000) + "[]]}"
        #expect(refusal(Array(empties.utf8)).contains("more values than a model of its size has"))
        // Two bytes of text for a node of 48.
        let count = 100_000
        let zeros = "[" + String(repeating: "0,", count: count - 1) + "0]"
        var tree = SmallModel()
        tree.nodes = "\(count)"
        (tree.left, tree.right, tree.indices) = (zeros, zeros, zeros)
        (tree.conditions, tree.defaults, tree.cover, tree.types) = (zeros, zeros, zeros, zeros)
        var limits = FormatLimits()
        limits.heldBytes = 90 * count
        #expect(
            refusal(tree.bytes, limits).contains("MiB of memory, too much for a file of its size"))
    }

    @Test("the length of a list is compared before room for a tree is made")
    func lyingCount() {
        var tree = SmallModel()
        tree.nodes = "100000"
        #expect(refusal(tree.bytes).contains("left_children: 5 elements for 100000 nodes"))
    }

    @Test("long keys are compared by what they hash to")
    func longKeys() {
        let stem = String(repeating: "k", count: 6_000)
        func object(_ names: [String]) -> [UInt8] {
            Array(("{" + names.map { "\"\($0)\":0" }.joined(separator: ",") + "}").utf8)
        }
        let different = (0..<100).map { "\(stem)\($0)" }
        #expect(refusal(object(different)).contains("\"version\" is missing"))
        #expect(refusal(object(different + [different[7]])).contains("stands here twice"))
        // The same text, once with an escape.
        #expect(refusal(object(["ab", "\\u0061b"])).contains("stands here twice"))
    }
}
