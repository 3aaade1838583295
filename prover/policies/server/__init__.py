"""A policy that a server computes: any that speaks OpenAI's `/v1/completions` (vLLM, SGLang, ...)."""

#: Where the key comes from. Not OPENAI_API_KEY: that one is not for whatever address somebody names.
KEY_VARIABLE = "FLYWHEEL_POLICY_KEY"
