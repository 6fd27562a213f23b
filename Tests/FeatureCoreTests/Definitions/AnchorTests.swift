import FeatureEngine
import Testing

@testable import FeatureCore

@Suite struct AnchorTests {
    /// Wherever YAML begins an anchor: after each of its line ends, in what looks like a comment but
    /// is text, behind a tag.
    @Test(
        "an anchor is found wherever it stands",
        arguments: [
            "a: &b 1", "a:\r  &b\r  - 1\r", "a:\u{85}  &b 1", "a:\u{2028}&b 1", "a:\u{2029}&b 1",
            "\u{FEFF}&b 1", "a: [\"\n # \", &b 1]", "a: !!seq &b [1]", "a: [&b 1]", "{&b 1: 2}",
            "? &b 1", "- &b 1", "a:\t&b 1", "a: \"x\"\n&b c: 1", "a: &1 x", "a: &-x 1",
        ])
    func found(_ text: String) { #expect(AnchorScan.first(in: text) != nil, "\(text)") }

    @Test("doublings behind lone returns are refused before they are read")
    func doublings() {
        var text = "x0:\r  &a0\r  - 1\r"
        for number in 1...40 {
            text += "x\(number):\r  &a\(number)\r  -\r   *a\(number - 1)\r  -\r   *a\(number - 1)\r"
        }
        text += "z:\r  ?\r    *a40\r  : 1\r"
        let error = #expect(throws: DefinitionError.self) {
            _ = try DefinitionParser.parse(text, file: "x.yaml")
        }
        #expect(error?.problems.first?.message.contains("& starts an anchor") == true)
    }

    @Test("stars and ampersands of texts, comments and expressions are none")
    func texts() {
        let description = "'one, *not* two' # note: *later*, Smith & Sons, a&b"
        #expect(
            SmallDefinitions.problems(
                """
                # - *bold* & so on
                entities: {card: {short: card, key: card_id}}
                events:
                  payment: {id: id, entities: {card: card_id}, fields: {n: int, m: int}}
                aggregates:
                  card:
                    both: {from: payment, count: true, where: 'n > 1 && m*n > 2', windows: [1h], description: \(description)
                      }
                """
            ).isEmpty)
    }
}
