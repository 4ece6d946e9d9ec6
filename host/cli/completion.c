/* gauntlet completion bash|zsh: completion scripts written from the verb tables. */
#include <string.h>

#include "args.h"

static void print_verb_case(const gnt_verb *verb)
{
    static gnt_args args; /* large; one at a time */
    gnt_args_init(&args, verb);
    printf("    %s) words=\"", verb->name);
    for (size_t i = 0; i < args.n_options; i++) printf("%s--%s", i ? " " : "", args.option[i].name);
    printf("\" ;;\n");
}

/* What may follow --name when it is a list of words; anything else completes as a file name. */
static void print_word_cases(void)
{
    static gnt_args args;
    for (const gnt_verb *const *verb = gnt_verbs; *verb; verb++) {
        gnt_args_init(&args, *verb);
        for (size_t i = 0; i < args.n_options; i++) {
            if (args.option[i].kind != GNT_OPT_WORD) continue;
            printf("    %s/--%s) words=\"", (*verb)->name, args.option[i].name);
            for (const char *c = args.option[i].value; *c; c++) putchar(*c == '|' ? ' ' : *c);
            printf("\" ;;\n");
        }
    }
}

static void print_bash(void)
{
    printf("# bash completion for gauntlet: source <(gauntlet completion bash)\n"
           "_gauntlet() {\n"
           "  local verb=${COMP_WORDS[1]} cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} words=\n"
           "  if [ \"$COMP_CWORD\" = 1 ]; then\n"
           "    words=\"--help --version");
    for (const gnt_verb *const *verb = gnt_verbs; *verb; verb++) printf(" %s", (*verb)->name);
    printf("\"\n"
           "    COMPREPLY=($(compgen -W \"$words\" -- \"$cur\")); return\n"
           "  fi\n"
           "  case \"$verb/$prev\" in\n");
    print_word_cases();
    printf("  esac\n"
           "  if [ -z \"$words\" ] && [ \"${cur#-}\" != \"$cur\" ]; then\n"
           "    case \"$verb\" in\n");
    for (const gnt_verb *const *verb = gnt_verbs; *verb; verb++) print_verb_case(*verb);
    printf("    esac\n"
           "  fi\n"
           "  if [ -n \"$words\" ]; then COMPREPLY=($(compgen -W \"$words\" -- \"$cur\")); else COMPREPLY=($(compgen "
           "-f -- \"$cur\")); fi\n"
           "}\n"
           "complete -o filenames -F _gauntlet gauntlet\n");
}

static gnt_status run(const gnt_args *args, gnt_error *why)
{
    const char *shell = gnt_word(args, 0);
    if (strcmp(shell, "zsh") == 0)
        printf("# zsh completion for gauntlet: source <(gauntlet completion zsh)\n"
               "autoload -U +X bashcompinit && bashcompinit\n");
    else if (strcmp(shell, "bash") != 0)
        return gnt_fail(why, GNT_EUSAGE, "completion: '%s' is not one of bash|zsh", shell);
    print_bash();
    return GNT_OK;
}

const gnt_verb gnt_verb_completion = {
    .name = "completion",
    .run = run,
    .summary = "print a shell completion script",
    .synopsis = "bash|zsh",
    .detail = "  source <(gauntlet completion bash)      for this shell\n"
              "  gauntlet completion bash > ~/.local/share/bash-completion/completions/gauntlet",
    .min_words = 1,
    .max_words = 1,
};
