internal import RPC

/// One stream of reflection requests.
struct ReflectionConversation {
    /// A client that reads a whole server's schema asks some dozen times.
    static let maximumQuestions = 1_000

    private let index: ReflectionIndex
    private var sent: Set<String> = []
    private var questions = 0

    init(index: ReflectionIndex) { self.index = index }

    /// Throws RESOURCE_EXHAUSTED when a stream asks without end.
    mutating func answer(
        _ question: ReflectionIndex.Question
    ) throws(RPCError) -> ReflectionIndex.Answer {
        questions += 1
        if questions > Self.maximumQuestions {
            throw RPCError(
                .resourceExhausted,
                "at most \(Self.maximumQuestions) reflection requests fit on one stream",
                reason: "RATE_LIMITED")
        }
        return index.answer(question, sent: &sent)
    }
}
