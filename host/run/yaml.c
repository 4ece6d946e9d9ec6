#include "yaml.h"

#include <string.h>
#include <yaml.h>

#include "host/base/mem.h"

/* The open containers above the next event. */
typedef struct builder {
    gnt_yaml *yaml;
    const char *name; /* of the file */
    gnt_yaml_node *open[GNT_YAML_MAX_DEPTH];
    gnt_yaml_node *last[GNT_YAML_MAX_DEPTH]; /* last child of each */
    size_t depth;
    const char *key; /* read, its value not yet */
    size_t key_line;
} builder;

static gnt_status refuse(const builder *b, size_t line, gnt_error *why, const char *what)
{
    return gnt_fail(why, GNT_EPARSE, "%s:%zu: %s", b->name, line, what);
}

/* A copy of a scalar in the pool; NULL when the text holds a NUL or the pool is full. */
static const char *keep(gnt_yaml *yaml, const void *text, size_t n)
{
    if (memchr(text, 0, n) || n + 1 > yaml->pool_room - yaml->pool_used) return NULL;
    char *copy = yaml->pool + yaml->pool_used;
    memcpy(copy, text, n);
    copy[n] = 0;
    yaml->pool_used += n + 1;
    return copy;
}

/* Hangs a new node under the innermost open container. */
static gnt_status add(builder *b, gnt_yaml_kind kind, size_t line, gnt_yaml_node **out, gnt_error *why)
{
    gnt_yaml *yaml = b->yaml;
    if (yaml->n_nodes == GNT_YAML_MAX_NODES) return refuse(b, line, why, "more than 4096 values: no experiment file");
    gnt_yaml_node *node = &yaml->node[yaml->n_nodes++];
    *node = (gnt_yaml_node){.kind = kind, .line = b->key ? b->key_line : line, .key = b->key};
    b->key = NULL;
    *out = node;
    if (!b->depth) {
        yaml->root = node;
        return GNT_OK;
    }
    gnt_yaml_node *parent = b->open[b->depth - 1], **last = &b->last[b->depth - 1];
    if (*last)
        (*last)->next = node;
    else
        parent->first = node;
    *last = node;
    parent->n++;
    return GNT_OK;
}

static bool wants_key(const builder *b)
{
    return b->depth && b->open[b->depth - 1]->kind == GNT_YAML_MAP && !b->key;
}

static gnt_status take_key(builder *b, const yaml_event_t *event, size_t line, gnt_error *why)
{
    const char *key = keep(b->yaml, event->data.scalar.value, event->data.scalar.length);
    if (!key) return refuse(b, line, why, "a key with a NUL byte");
    if (strcmp(key, "<<") == 0) return refuse(b, line, why, "merge keys (<<) are not supported: write the keys out");
    for (const gnt_yaml_node *n = b->open[b->depth - 1]->first; n; n = n->next)
        if (strcmp(n->key, key) == 0)
            return gnt_fail(why, GNT_EPARSE, "%s:%zu: %s: given twice, first on line %zu", b->name, line, key, n->line);
    b->key = key;
    b->key_line = line;
    return GNT_OK;
}

static gnt_status take_scalar(builder *b, const yaml_event_t *event, size_t line, gnt_error *why)
{
    if (event->data.scalar.anchor) return refuse(b, line, why, "anchors (&) are not supported: write the value out");
    if (event->data.scalar.tag) return refuse(b, line, why, "tags (!) are not supported: write a plain value");
    if (wants_key(b)) return take_key(b, event, line, why);
    gnt_yaml_node *node = NULL;
    GNT_TRY(add(b, GNT_YAML_SCALAR, line, &node, why));
    node->text = keep(b->yaml, event->data.scalar.value, event->data.scalar.length);
    node->quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
    return node->text ? GNT_OK : refuse(b, line, why, "a value with a NUL byte");
}

static gnt_status take_open(builder *b, gnt_yaml_kind kind, const void *anchor, const void *tag, size_t line,
                            gnt_error *why)
{
    if (anchor) return refuse(b, line, why, "anchors (&) are not supported: write the value out");
    if (tag) return refuse(b, line, why, "tags (!) are not supported: write a plain value");
    if (wants_key(b)) return refuse(b, line, why, "a key must be one word, not a list or a map");
    if (b->depth == GNT_YAML_MAX_DEPTH) return refuse(b, line, why, "more than 8 levels: no experiment file");
    gnt_yaml_node *node = NULL;
    GNT_TRY(add(b, kind, line, &node, why));
    b->open[b->depth] = node;
    b->last[b->depth++] = NULL;
    return GNT_OK;
}

static gnt_status take(builder *b, const yaml_event_t *event, gnt_error *why)
{
    size_t line = event->start_mark.line + 1;
    switch (event->type) {
    case YAML_ALIAS_EVENT:
        return refuse(b, line, why, "aliases (*) are not supported: write the value out");
    case YAML_SCALAR_EVENT:
        return take_scalar(b, event, line, why);
    case YAML_SEQUENCE_START_EVENT:
        return take_open(b, GNT_YAML_LIST, event->data.sequence_start.anchor, event->data.sequence_start.tag, line,
                         why);
    case YAML_MAPPING_START_EVENT:
        return take_open(b, GNT_YAML_MAP, event->data.mapping_start.anchor, event->data.mapping_start.tag, line, why);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        b->depth--;
        return GNT_OK;
    case YAML_DOCUMENT_START_EVENT:
        return b->yaml->root ? refuse(b, line, why, "a second document (---): one experiment a file") : GNT_OK;
    default:
        return GNT_OK;
    }
}

static gnt_status syntax(const builder *b, const yaml_parser_t *parser, gnt_error *why)
{
    bool reading = parser->error == YAML_READER_ERROR; /* a byte, not a mark */
    size_t line = (parser->problem_mark.line || !reading ? parser->problem_mark.line : parser->mark.line) + 1;
    return gnt_fail(why, GNT_EPARSE, "%s:%zu: not valid YAML: %s%s%s", b->name, line,
                    parser->problem ? parser->problem : "out of memory", parser->context ? ", " : "",
                    parser->context ? parser->context : "");
}

/* Every escape of a double-quoted scalar is at most 1.5 times as long as its source, a key or value has
 * one NUL: twice the file and one byte a node is room for all. */
static gnt_status reserve(gnt_yaml *yaml, size_t n, gnt_error *why)
{
    gnt_status st = GNT_OK;
    yaml->pool_room = 2 * n + 2 * GNT_YAML_MAX_NODES;
    GNT_ALLOC(yaml->node, GNT_YAML_MAX_NODES);
    GNT_ALLOC(yaml->pool, yaml->pool_room);
out:
    return st;
}

gnt_status gnt_yaml_parse(const char *text, size_t n, const char *name, gnt_yaml *yaml, gnt_error *why)
{
    gnt_status st = GNT_OK;
    yaml_parser_t parser;
    builder b = {.yaml = yaml, .name = name};
    *yaml = (gnt_yaml){0};
    if (n > GNT_YAML_MAX_BYTES)
        return gnt_fail(why, GNT_EPARSE, "%s:1: %zu bytes, an experiment file has at most %zu", name, n,
                        GNT_YAML_MAX_BYTES);
    if (!yaml_parser_initialize(&parser)) return gnt_fail(why, GNT_ENOMEM, "%s: out of memory", name);
    GNT_GOTO(reserve(yaml, n, why));
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, n);
    for (bool more = true; more;) {
        yaml_event_t event;
        if (!yaml_parser_parse(&parser, &event)) {
            st = syntax(&b, &parser, why);
            goto out;
        }
        more = event.type != YAML_STREAM_END_EVENT;
        st = take(&b, &event, why);
        yaml_event_delete(&event);
        if (st) goto out;
    }
out:
    yaml_parser_delete(&parser);
    if (st) gnt_yaml_free(yaml);
    return st;
}

void gnt_yaml_free(gnt_yaml *yaml)
{
    free(yaml->node);
    free(yaml->pool);
    *yaml = (gnt_yaml){0};
}

const gnt_yaml_node *gnt_yaml_find(const gnt_yaml_node *map, const char *key)
{
    for (const gnt_yaml_node *n = map->first; n; n = n->next)
        if (n->key && strcmp(n->key, key) == 0) return n;
    return NULL;
}
