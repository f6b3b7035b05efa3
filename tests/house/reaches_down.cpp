// A layer that calls what it does not link; only built to see that the link test refuses it.
namespace indent {

void in_a_layer_below();
void reach_down() {
    in_a_layer_below();
}

} // namespace indent
